/* SPDX-License-Identifier: ISC
 *
 * Live sessions (doc/live.md, doc/xtls.xml): opening in two stanzas, both at once, acknowledgement, rebuilding, retained
 * secrets and crashes, on both sides, over a network that loses, repeats and delays. What is checked, for every order of
 * events within the bounds:
 *
 *  - no stanza is read twice, nor before one that was sealed earlier (asserts in arrived);
 *  - none is lost without an error: at the end each was acknowledged and read, or was given back (asserts in judge);
 *  - nobody waits for ever: both sides come to their end (no invalid end state), in a bounded number of sessions;
 *  - secrets are never out of step: what is offered as held by the other side is held there, nobody is put into
 *    quarantine who did not lose a store (asserts on `odd`), and at the end one is held by both (judge).
 *
 * TLS is taken for granted: a session is a number that cannot be forged, a stream in it arrives in order or not at all.
 * A step (take one stanza, commit, send one) is atomic, as the engine makes it. A crash forgets what is in memory, and,
 * or not, what had not arrived yet. A row's epoch and number never change once it is sealed, so a frame names rows by
 * their place. The bounds are -D options: see tools/model. */
#ifndef STANZAS
#define STANZAS 2 /* each way, at most 4 */
#endif
#ifndef CRASHES
#define CRASHES 1 /* a side */
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef REPEATS
#define REPEATS 1 /* and delays */
#endif
#ifndef HURRIES
#define HURRIES 1 /* timeouts that come too early, rekeys, giving back */
#endif
#ifndef KEPT
#define KEPT 1 /* a ClientHello that the network brings again */
#endif
#define QUEUE        8
#define EPOCHS       (CRASHES + 1)
#define SESSIONS_MAX 100

mtype = { hello, flight, conflict, finished, frame, gone };

/* kind; session; number in its stream; rows that are in it, and those acknowledged (shifted by 4); two secrets: those
 * held, or in hello and flight the PSK; both 0 and no hold: NONE */
chan net0 = [QUEUE] of { mtype, byte, byte, byte, byte, byte }; /* to side 0 */
chan net1 = [QUEUE] of { mtype, byte, byte, byte, byte, byte };
#define NONE 255

typedef row {
    byte state; /* 0 not sealed, 1 sealed and not acknowledged, 2 acknowledged, 3 given back */
    byte epoch;
    byte number
};

typedef side {
    /* durable */
    row rows[STANZAS];
    byte last[EPOCHS]; /* read of the other side's epochs */
    byte older;        /* secrets: the number of the session each was made in; 0: none */
    byte newer;
    bool older_theirs; /* the other side is known to hold it */
    bool newer_theirs;
    /* volatile */
    byte epoch;
    byte given;   /* the last number given to a stanza in this epoch */
    byte ready;   /* the session that is proved; 0: none */
    byte used;    /* its PSK */
    bool made;    /* a secret was made in it */
    byte sent;    /* frames in its streams */
    byte taken;
    byte attempt; /* a session that is not proved */
    bool initiator;
    byte offered; /* in the attempt, by us; as responder: what was accepted */
    bool odd;     /* ... initiator: the other side is known to hold it; responder: it should have been another */
    bool waits    /* was told that the other side's attempt goes on */
};

side s[2];
bool read[8]; /* by the other side: the stanzas of side 0, then, from 4 on, those of side 1 */
byte sessions, crashed[2], losses, repeats, hurries;
byte kept;
bool aside;
bool over[2];

#define ME       s[me]
#define OTHER    s[1 - me]
#define can_send ((me == 0 && len(net1) + 2 <= QUEUE) || (me == 1 && len(net0) + 2 <= QUEUE))
#define quiet    (len(net0) == 0 && len(net1) == 0)
#define pending  (ME.rows[0].state == 1 || ME.rows[STANZAS - 1].state == 1)
#define settled0 (s[0].rows[STANZAS - 1].state >= 2 && s[0].rows[0].state >= 2)
#define settled1 (s[1].rows[STANZAS - 1].state >= 2 && s[1].rows[0].state >= 2)
#define holds(secret) (secret != 0 && (ME.older == secret || ME.newer == secret))

inline send(k_, s_, n_, r_, a_, b_) {
    if
    :: me == 0 -> net1!k_, s_, n_, r_, a_, b_
    :: else -> net0!k_, s_, n_, r_, a_, b_
    fi
}

/* ---- sessions ---- */

inline end_attempt() {
    ME.attempt = 0;
    ME.offered = 0;
    ME.odd = false;
    ME.initiator = false
}

inline end_ready() {
    ME.ready = 0;
    ME.used = 0;
    ME.made = false;
    ME.sent = 0;
    ME.taken = 0
}

/* Rule 1: the newest that is known to be theirs; else the newest. */
inline begin() {
    sessions++;
    assert(sessions < SESSIONS_MAX);
    ME.attempt = sessions;
    ME.initiator = true;
    ME.offered = (ME.newer_theirs -> ME.newer : (ME.older_theirs -> ME.older : (ME.newer != 0 -> ME.newer : ME.older)));
    ME.odd = ME.newer_theirs || ME.older_theirs;
    send(hello, ME.attempt, 0, 0, ME.offered, 0)
}

/* All rows, in the order of sealing; the first stanza is sealed as soon as it can be. */
inline push() {
    if
    :: ME.rows[0].state == 0 -> seal(0)
    :: else
    fi;
    x = 0;
    do
    :: x < STANZAS -> out = out | (ME.rows[x].state == 1 -> 1 << x : 0); x++
    :: else -> break
    od
}

inline seal(i_) {
    ME.given++;
    ME.rows[i_].state = 1;
    ME.rows[i_].epoch = ME.epoch;
    ME.rows[i_].number = ME.given
}

/* Rule 2. */
inline proved(s4_, psk4_) {
    end_ready();
    ME.ready = s4_;
    ME.used = psk4_;
    end_attempt();
    ME.waits = false;
    if
    :: ME.used != 0 && ME.used == ME.older -> ME.older_theirs = true
    :: ME.used != 0 && ME.used == ME.newer -> ME.newer_theirs = true
    :: else
    fi;
    told = true;
    push()
}

/* Whatever there is to say at the end of a step is one frame. */
inline say(k2_) {
    a = (told -> ME.older : NONE);
    b = (told -> ME.newer : NONE);
    send(k2_, ME.ready, ME.sent, out, a, b);
    ME.sent++
}

inline take_hello() {
    if
    :: ME.attempt != 0 && ME.initiator && me == 0 -> send(conflict, session, 0, 0, 0, 0)
    :: else ->
        end_attempt();
        ME.attempt = session;
        if
        :: holds(a) -> ME.offered = a
        :: else -> ME.odd = ME.older_theirs || ME.newer_theirs /* you-first; quarantine if it goes on */
        fi;
        send(flight, session, 0, 0, ME.offered, 0)
    fi
}

inline take_flight() {
    if
    :: ME.attempt == session && ME.initiator ->
        assert(a != 0 || !ME.odd); /* quarantine, and no store was lost */
        assert(a == 0 || a == ME.offered);
        proved(session, a);
        say(finished)
    :: else
    fi
}

inline take_finished() {
    if
    :: ME.attempt == session ->
        assert(!ME.initiator);
        assert(!ME.odd); /* quarantine, and no store was lost */
        x = ME.offered;
        proved(session, x);
        take_stream()
    :: ME.attempt != session && ME.ready == session /* a repeat */
    :: else -> send(gone, session, 0, 0, 0, 0)
    fi
}

/* ---- retained secrets: rules 3 and 4 ---- */

#define listed(secret) (secret != 0 && (secret == a || secret == b))

inline take_hold() {
    ME.older_theirs = ME.older_theirs || listed(ME.older);
    ME.newer_theirs = ME.newer_theirs || listed(ME.newer);
    if
    :: ME.used != 0 && ME.used == ME.newer && !ME.made -> /* what is older will not be offered any more */
        ME.older = ME.newer;
        ME.older_theirs = ME.newer_theirs;
        ME.newer = 0;
        ME.newer_theirs = false
    :: else
    fi;
    if
    :: !ME.made && !ME.newer_theirs ->
        ME.newer = ME.ready;
        ME.newer_theirs = listed(ME.newer);
        ME.made = true;
        told = true
    :: else
    fi
}

/* ---- stanzas ---- */

/* Acknowledged is, of the epoch of the last one, everything up to what was read. */
inline arrived() {
    x = 0;
    do
    :: x < STANZAS && ((r >> x) & 1) == 1 ->
        e = OTHER.rows[x].epoch;
        if
        :: OTHER.rows[x].number > ME.last[e] ->
            ME.last[e] = OTHER.rows[x].number;
            assert(!read[(1 - me) * 4 + x]); /* not twice */
            assert(x == 0 || read[(1 - me) * 4 + x - 1] || OTHER.rows[x - 1].state == 3); /* in order */
            read[(1 - me) * 4 + x] = true
        :: else
        fi;
        x++
    :: x < STANZAS && ((r >> x) & 1) == 0 -> x++
    :: else -> break
    od;
    x = 0;
    do
    :: x < STANZAS ->
        e = OTHER.rows[x].epoch;
        out = out | (OTHER.rows[x].state != 0 && OTHER.rows[x].number <= ME.last[e] -> 16 << x : 0);
        x++
    :: else -> break
    od;
    e = 0
}

inline stored() {
    x = 0;
    do
    :: x < STANZAS -> ME.rows[x].state = (ME.rows[x].state == 1 && ((r >> (x + 4)) & 1) == 1 -> 2 : ME.rows[x].state); x++
    :: else -> break
    od
}

inline give_back() {
    x = 0;
    do
    :: x < STANZAS -> ME.rows[x].state = (ME.rows[x].state == 1 -> 3 : ME.rows[x].state); x++
    :: else -> break
    od
}

/* ---- one message ---- */

inline take_stream() {
    if
    :: ME.ready == session && n == ME.taken ->
        ME.taken++;
        stored();
        if
        :: (r & 15) != 0 -> arrived()
        :: else
        fi;
        if
        :: a != NONE -> take_hold()
        :: else
        fi;
        if
        :: out != 0 || told -> say(frame)
        :: else
        fi
    :: ME.ready == session && n != ME.taken         /* a repeat; and behind a gap nothing is read */
    :: ME.ready != session && ME.attempt == session /* ahead of Finished, which is lost */
    :: else -> send(gone, session, 0, 0, 0, 0)
    fi
}

inline forget() {
    kind = 0; session = 0; n = 0; r = 0; a = 0; b = 0; x = 0; out = 0; told = false
}

inline take() {
    if
    :: kind == hello -> take_hello()
    :: kind == flight -> take_flight()
    :: kind == conflict ->
        if
        :: ME.attempt == session && ME.initiator -> end_attempt(); ME.waits = true
        :: else
        fi
    :: kind == finished -> take_finished()
    :: kind == gone ->
        if
        :: ME.ready == session -> end_ready()
        :: else
        fi
    :: else -> take_stream()
    fi;
    forget()
}

/* ---- the end ---- */

inline judge() {
    x = 0;
    do
    :: x < STANZAS -> assert(ME.rows[x].state == 3 || (ME.rows[x].state == 2 && read[me * 4 + x])); x++
    :: else -> break
    od;
    x = (ME.newer_theirs -> ME.newer : (ME.older_theirs -> ME.older : 0));
    assert(x == 0 || OTHER.older == x || OTHER.newer == x);
    x = 0
}

#define going     (!over[0] && !over[1])
#define may_hurry (hurries < HURRIES && going)
#define is_over   (quiet && !aside && settled0 && settled1 && ME.attempt == 0)

proctype Side(bit me) {
    mtype kind;
    byte session, n, r, a, b, x, e, out;
    bool told;
    do
    :: atomic { me == 0 && len(net0) > 0 && can_send -> net0?kind, session, n, r, a, b; take() }
    :: atomic { me == 1 && len(net1) > 0 && can_send -> net1?kind, session, n, r, a, b; take() }
    /* The person writes on, in the session that is there. */
    :: atomic { ME.ready != 0 && ME.rows[STANZAS - 1].state == 0 && can_send ->
        x = 0;
        do
        :: ME.rows[x].state != 0 -> x++
        :: else -> break
        od;
        seal(x); out = 1 << x; say(frame); forget() }
    :: atomic { ME.ready == 0 && ME.attempt == 0 && !ME.waits && can_send &&
                (ME.rows[0].state < 2 || ME.rows[STANZAS - 1].state < 2) -> begin(); forget() }
    /* Nothing is under way: what is waited for was lost. An iq's deadline comes before the end of the wait. */
    :: atomic { quiet && ME.attempt != 0 -> end_attempt() }
    :: atomic { quiet && ME.waits && OTHER.attempt == 0 -> ME.waits = false }
    :: atomic { quiet && ME.ready != 0 && pending -> end_ready() }
    /* ... or it was only slow; or the keys are old; or somebody is away for too long. */
    :: atomic { may_hurry && ME.ready != 0 -> hurries++; end_ready() }
    :: atomic { may_hurry && ME.attempt != 0 -> hurries++; end_attempt() }
    :: atomic { may_hurry && ME.ready != 0 && ME.attempt == 0 && can_send && (ME.older_theirs || ME.newer_theirs) ->
        hurries++; begin(); forget() }
    :: atomic { may_hurry && ME.ready == 0 && pending -> hurries++; give_back(); forget() }
    :: atomic { crashed[me] < CRASHES && going ->
        crashed[me]++;
        end_ready();
        end_attempt();
        ME.waits = false;
        ME.epoch = crashed[me];
        ME.given = 0;
        if /* what it had made and not sent */
        :: skip
        :: me == 0 && len(net1) > 0 ->
            do :: len(net1) > 0 -> net1?kind, session, n, r, a, b :: len(net1) == 0 -> break od
        :: me == 1 && len(net0) > 0 ->
            do :: len(net0) > 0 -> net0?kind, session, n, r, a, b :: len(net0) == 0 -> break od
        fi;
        forget() }
    :: atomic { is_over -> judge(); over[me] = true; break }
    od
}

inline forget_it() {
    kind = 0; session = 0; n = 0; r = 0; a = 0; b = 0; to = 0
}

/* A stream drops repeats and stops at a gap: for its frames, late is behind whatever is there. A ClientHello belongs to no
 * stream yet: the network can keep one and bring it again whenever it likes. */
proctype Network() {
    mtype kind;
    byte session, n, r, a, b;
    bit to;
end:
    do
    :: atomic { losses < LOSSES && len(net0) > 0 -> net0?_, _, _, _, _, _; losses++ }
    :: atomic { losses < LOSSES && len(net1) > 0 -> net1?_, _, _, _, _, _; losses++ }
    :: atomic { repeats < REPEATS && !aside && len(net0) > 0 && len(net0) < QUEUE ->
        if
        :: net0?<kind, session, n, r, a, b>
        :: net0?kind, session, n, r, a, b
        fi;
        net0!kind, session, n, r, a, b; repeats++; forget_it() }
    :: atomic { repeats < REPEATS && !aside && len(net1) > 0 && len(net1) < QUEUE ->
        if
        :: net1?<kind, session, n, r, a, b>
        :: net1?kind, session, n, r, a, b
        fi;
        net1!kind, session, n, r, a, b; repeats++; forget_it() }
    :: atomic { kept < KEPT && !aside && len(net0) > 0 && net0?[hello, _, _, _, _, _] ->
        net0?<kind, session, n, r, a, b>; aside = true; kept++; to = 0 }
    :: atomic { kept < KEPT && !aside && len(net1) > 0 && net1?[hello, _, _, _, _, _] ->
        net1?<kind, session, n, r, a, b>; aside = true; kept++; to = 1 }
    :: atomic { aside && to == 0 && len(net0) < QUEUE -> net0!kind, session, n, r, a, b; aside = false; forget_it() }
    :: atomic { aside && to == 1 && len(net1) < QUEUE -> net1!kind, session, n, r, a, b; aside = false; forget_it() }
    :: atomic { over[0] && over[1] -> break }
    od
}

init {
    atomic { run Side(0); run Side(1); run Network() }
}
