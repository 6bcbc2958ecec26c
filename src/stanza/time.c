/* SPDX-License-Identifier: ISC */
#include "stanza/time.h"

#include <stdio.h>

#define DAY_MS        UINT64_C(86400000)
#define YEAR_10000_MS INT64_C(253402300800000)

/* Reads exactly `digits` digits at the front of *text. */
static bool take_digits(sotto_bytes *text, size_t digits, unsigned *ret) {
    if (text->len < digits) return false;
    unsigned value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (text->at[i] < '0' || text->at[i] > '9') return false;
        value = value * 10 + (unsigned)(text->at[i] - '0');
    }
    *text = bytes_after(*text, digits);
    *ret = value;
    return true;
}

static bool take_char(sotto_bytes *text, char wanted) {
    if (text->len == 0 || text->at[0] != (uint8_t)wanted) return false;
    *text = bytes_after(*text, 1);
    return true;
}

static bool is_leap(unsigned year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in(unsigned year, unsigned month) {
    static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static uint64_t days_before_year(unsigned year) {
    uint64_t y = year - 1;
    return y * 365 + y / 4 - y / 100 + y / 400;
}

static uint64_t days_since_1970(unsigned year, unsigned month, unsigned day) {
    uint64_t days = days_before_year(year) - days_before_year(1970) + day - 1;
    for (unsigned m = 1; m < month; m++) days += days_in(year, m);
    return days;
}

/* "Z", "+01:30" or "-05:00" at the end: minutes east. */
static bool take_zone(sotto_bytes *text, int *ret_minutes) {
    if (take_char(text, 'Z')) {
        *ret_minutes = 0;
        return text->len == 0;
    }
    bool west = take_char(text, '-');
    if (!west && !take_char(text, '+')) return false;
    unsigned hours, minutes;
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') || !take_digits(text, 2, &minutes)) return false;
    if (hours > 14 || minutes > 59 || text->len != 0) return false;
    *ret_minutes = (int)(hours * 60 + minutes) * (west ? -1 : 1);
    return true;
}

static unsigned take_fraction_ms(sotto_bytes *text) {
    unsigned ms = 0, scale = 100;
    while (text->len > 0 && text->at[0] >= '0' && text->at[0] <= '9') {
        ms += (unsigned)(text->at[0] - '0') * scale;
        scale /= 10;
        *text = bytes_after(*text, 1);
    }
    return ms;
}

bool stanza_time_read(sotto_bytes text, uint64_t *ret_ms) {
    unsigned year, month, day, hour, minute, second, ms = 0;
    int zone;
    if (!take_digits(&text, 4, &year) || !take_char(&text, '-') || !take_digits(&text, 2, &month) ||
        !take_char(&text, '-') || !take_digits(&text, 2, &day) || !take_char(&text, 'T'))
        return false;
    if (!take_digits(&text, 2, &hour) || !take_char(&text, ':') || !take_digits(&text, 2, &minute) ||
        !take_char(&text, ':') || !take_digits(&text, 2, &second))
        return false;
    if (take_char(&text, '.')) ms = take_fraction_ms(&text);
    if (!take_zone(&text, &zone)) return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return false;
    if (hour > 23 || minute > 59 || second > 60) return false;
    int64_t at = (int64_t)(days_since_1970(year, month, day) * DAY_MS) + (int64_t)hour * 3600000 +
                 (int64_t)minute * 60000 + (int64_t)second * 1000 + ms - (int64_t)zone * 60000;
    /* A zone can carry the first hours of 1970 and the last of 9999 outside, where nothing can be written again. */
    if (at < 0 || at >= YEAR_10000_MS) return false;
    *ret_ms = (uint64_t)at;
    return true;
}

void stanza_time_write(uint64_t ms, char ret[STANZA_TIME_TEXT_SIZE]) {
    uint64_t days = ms / DAY_MS;
    unsigned rest = (unsigned)(ms % DAY_MS);
    unsigned year = 1970, month = 1;
    while (year < 9999 && days >= (is_leap(year) ? 366u : 365u)) days -= is_leap(year++) ? 366u : 365u;
    while (month < 12 && days >= days_in(year, month)) days -= days_in(year, month++);
    unsigned day = days > 30 ? 31 : (unsigned)days + 1;
    (void)snprintf(ret, STANZA_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year % 10000, month % 100,
                   day % 100, rest / 3600000 % 100, rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}
