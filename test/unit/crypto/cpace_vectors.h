/* SPDX-License-Identifier: ISC
 *
 * Made by tools/live-vectors --table cpace, which says what is in it; not to be changed by hand. Bytes are in hex; "*N"
 * is N bytes that count: 0, 1, ... 255, 0, ... */
#ifndef TEST_CRYPTO_CPACE_VECTORS_H
#define TEST_CRYPTO_CPACE_VECTORS_H

static const struct cpace_vector {
    const char *name;
    const char *password;
    const char *sid;
    const char *channel;
    const char *random_a;
    const char *data_a;
    const char *random_b;
    const char *data_b;
    const char *share_a;
    const char *share_b;
    const char *isk;
    const char *tag_a;
    const char *tag_b;
} cpace_vectors[] = {
    {
        .name = "the draft's text",
        .password = "50617373776f7264",
        .sid = "7e4b4791d6a8ef019b936c79fb7f2c57",
        .channel = "0b415f696e69746961746f720b425f726573706f6e646572",
        .random_a = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08",
        .data_a = "414461",
        .random_b = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d",
        .data_b = "414462",
        .share_a = "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157",
        .share_b = "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258",
        .isk = "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd2b38950a39dfd5d4a79164614c2984f7"
               "daa460b588c1e80c3fa2068af7900447",
        .tag_a = "30478d28d83ae3b214295e91f4a3eb62999a8ed94575075db4a7d3bc3e4d26f16c51adba12dc7771372637a46b5134e0"
                 "937cddd7d820bfdd83be335e339eb57a",
        .tag_b = "e927a7da291676f8878caae9cb70407d2f14117e6f9ff9adcfda797c4bcf2bd2fefd2ca3f2ddcce81b7386996c895b2f"
                 "359010cc92069d5ff4ad49a977de79a6",
    },
    {
        .name = "the draft's file of vectors",
        .password = "50617373776f7264",
        .sid = "7e4b4791d6a8ef019b936c79fb7f2c57",
        .channel = "6f630b425f726573706f6e6465720b415f696e69746961746f72",
        .random_a = "da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08",
        .data_a = "414461",
        .random_b = "d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d",
        .data_b = "414462",
        .share_a = "d40fb265a7abeaee7939d91a585fe59f7053f982c296ec413c624c669308f87a",
        .share_b = "08bcf6e9777a9c313a3db6daa510f2d398403319c2341bd506a92e672eb7e307",
        .isk = "4c5469a16b2364c4b944ebc1a79e51d1674ad47db26e8718154f59faebfaa52d8346f30aa58377117eb20d527f2cbc5c"
               "76381f7fd372e89df8239f87f2e02ed1",
        .tag_a = "a737748ae37c5c528cbf082d060dd7622396149a62ccc64c2848b1e8d525bad820c4bf9c73a8b4a3f4980cef0d9aa309"
                 "5f8f3a02707bee9ab27987e6aaec9a9e",
        .tag_b = "ed3b42534ff85f125216e4869b483358981628fbc3918ca1fc22e8d4052e87bca38f0704974ce75e88373405cfe079f1"
                 "8fe64f338f926d36d493d9de976de526",
    },
    {
        .name = "least",
        .password = "78",
        .sid = "00",
        .channel = "",
        .random_a = "412e7dcff971560606dfbbf2ea16bd792c1c04424ffdf0d29c61111076f388da",
        .data_a = "",
        .random_b = "b4b3461d0083954f08c92c8780e52203e61146fa35be669dd9cb00883e13391a",
        .data_b = "",
        .share_a = "4805723231cbdd297a5980eea8e65ec7348fa4babe371dbd470317d5a325a12a",
        .share_b = "0c307594bbf526f13b4574ce1075d082872588c1fdcffd7733b15e47f914ec37",
        .isk = "de0eb9ea7bcef5d27e171766db534f9cece1a5646c58ed84151334698fa096d93e4f95e46cf4a9d1c07464d9f1a8c0f0"
               "1c9c500bff5bbcb0e400e5f966b27cb1",
        .tag_a = "77fe6a29ad6dd3b3ffce01adcbe6f39c519bb4afe4f265b2dbdf2bda12b2e0138d3cf0f916ea484a3cf063b5e50f169b"
                 "c5b2c69ef752d1cbcbe54c9a63f16699",
        .tag_b = "5cb09a8a865b17e04aa3cdf57ff01790e48e9158285b493bf367d0a2ee2269155d47a1c505278a9d0c3afb64e3a70c56"
                 "5775a91ff4d70541fa5531d4e49ca590",
    },
    {
        .name = "names",
        .password = "74616e6e656e6772c3bc6e2c20332054c3bc72656e",
        .sid = "6b58f9ba4cf3441c8de654347fee54db5f80ceb4bc53d1ea295c6c76f6f8f6cd",
        .channel = "1e6a756c69657440636170756c65742e6578616d706c652f62616c636f6e791e726f6d656f406d6f6e74616775652e65"
                   "78616d706c652f6f726368617264",
        .random_a = "dfd59800b5eb262e11cce4c1c26e22c0a2f4d5b608c4b415cb79d44dc554cc9d",
        .data_a = "09696e69746961746f72203a14331a6b360bb9e4d753c8258300c82a1bf062c8f3717f17c8fd8fbc54e2f6",
        .random_b = "8f490cea6d660f1221ad4e622226535c5f6bd0147cb934ca90c8ce571755d26e",
        .data_b = "09726573706f6e64657220ca39b889016018a94ce8df04a05f265109526c245a6a0ff6bb3e9ddc145b0735",
        .share_a = "9e397d56bd7d389503ebb1a2b9d8b2fbbbc0a40bd756f82b6aaffe56ccfb587e",
        .share_b = "8cb867b1d54935ceaafcb9ff406fa800814ea5652aec6cc38ce63bebea533963",
        .isk = "076a8e8539e36cfc3d88123fd4b4cbb0e4387a78ad94cdca2bf209147c73b4370f3ac6c10be06a0232917915aeb2ca7b"
               "10de16d915518df36d4c7fe31a1c6200",
        .tag_a = "240567ef61e17c5eb79e5a287cc7009c6ebc83cd24cbc0d2ecdadb5b706c0a8910589bc3f63b72b01df1e1d35f9fa621"
                 "56ac0834ab7100059cfc44c3c00825ff",
        .tag_b = "07c82d055b60b582c300c7ca668fbbb65fc5885039bd9df669afa30bb389ede9961cc6720df653cd69bf7ff14feb1e65"
                 "0e5eee44af6392f84ddb13a826d7cca3",
    },
    {
        .name = "password of 107",
        .password = "*107",
        .sid = "47d0625d7ca70c3e32a487ba9f26b956d3aaee2bb56d83298f949e4690e1fa91",
        .channel = "",
        .random_a = "d0b0af42576cbfffadc525c383f2320dc5e1f0da9c4342a16aca45151ebd3919",
        .data_a = "",
        .random_b = "118ed3d2a991a1686c7c69fa8901213736aef264e001aeb5f94b3ac71f122695",
        .data_b = "",
        .share_a = "743b0b44277a4175618cf3d75b09d4ed934e3385fab3a03fd48576959ca95c1f",
        .share_b = "5081550dd742662e99543447aad2950eba22931fe2c15ad1731a7de08abbd94c",
        .isk = "008d8cb0aa6c9dffe1919ca1f20929d760c29de87f7e811fe5b06b08997abc2923e9da5704d1f9b2961edf4708a5b390"
               "96bb3a7a7ce3bf724f8a1471aa6d456b",
        .tag_a = "8f653aea6fbda317148e0b77a25e79ac28ce3716cd135eef8342ac6611daf03cbfb66e8e3b95bc55b49251223a14e1da"
                 "c30fd5ff52eabe8f4bddf9f67c6139e4",
        .tag_b = "5943e955d9e8e3a11a81ec5b2fa1fcb63485deeb6f2c735ad2659e6842f3b07f582bbac479f7b071198fe7c9346e0f2f"
                 "eeaf14ec19b8ac53e8c0df95b7e2e418",
    },
    {
        .name = "password of 108",
        .password = "*108",
        .sid = "f1bdcb6f7878b00e4fcfb79af3c446d24aa9b1cfcba29d8f24cdbaba2d4650d7",
        .channel = "",
        .random_a = "56e8da70a41e24146e3b6d706b737387c75b66510b2a6fd511ff4a47db7bdbd7",
        .data_a = "",
        .random_b = "a71e5df13b30f3a1b7cc31bf39afaa4a9626ce2cf83c2bedd33fe329a153ad50",
        .data_b = "",
        .share_a = "0e3eaf4751964756e3a010f16873d383998fe3cbcd3ac91fd73039f1926f7a24",
        .share_b = "1aa4e7e88422fe550cef101b8737f37e1fda8ce62c3e369deb5f4ebe4c3a4455",
        .isk = "7c4e5a8c4c2060059117e65db363765190e7069ed80b320767315cc4f8572329593f6c4b6ee2cc9d68554320426d462e"
               "4767485a86688871f7aa4509685e5c1a",
        .tag_a = "67635e1da17500a544c6466c77889858ae8a93370912f3137ebe37a1ecf1c85a981d1bb2b5d9d9b5c4f537b9da24ecd7"
                 "06f64f1db13ac2fbdc92bbf5c1d9ff7a",
        .tag_b = "eeea2031dbb7d60044506c2ff518f1e6aa48ddd73766281b807774fae39163366bec36e8f5e0842e87d37aab8248c19d"
                 "c04d49802e950d845930f23224a00840",
    },
    {
        .name = "password of 109",
        .password = "*109",
        .sid = "d9cca72bc264378a85c96c6508761f1b7a78c231d511c88e271055dbe6063f76",
        .channel = "",
        .random_a = "24fe5c8dc536b05d088c14d41294cd17d4e25eeb5d77fd2c2a954d45609ac5fa",
        .data_a = "",
        .random_b = "3000fd3efcd1a274a3d18d628983b06095df693884e4c67e670ae09b296e2eb7",
        .data_b = "",
        .share_a = "4a7995994e41f734862496802def6c95af6b047ffec91a31cebe8248f088327f",
        .share_b = "1c3d369832a8725cc65fa59593528f73df55db60cdec5a04145af89b5f34d238",
        .isk = "6a8ac915237f02d0c8ad7bc1b9e5935c98cb27316aebdf3e28ce1b3cecc241f68e28254a0c3c5d62a8afad287cdee24c"
               "f3f3f88e6dcfd93bf935fbdcae648f5a",
        .tag_a = "c1dfbe4565eabeb49c0da618d4f6b1ecbbb49ec511e439ac7d8860d60ab050c12c351ba1601b1205dbd9de915353e750"
                 "c793ef0a746cb5875aff4edaf2a49e38",
        .tag_b = "a4a230f094991d85e40e34ac4e136f864af2b2b192b0a8619580f85ed5a70ff27cfbd7e1461f79e779d70af71c91bf8a"
                 "0774dbe4f933a3fca5ea47ed783767f2",
    },
    {
        .name = "password of 127",
        .password = "*127",
        .sid = "d95febdbe82a154162cd7b1980ac3e1ff3b7df022232ca2aa0f34d474faf5051",
        .channel = "",
        .random_a = "06bb2ed2306982edcbe6ff9b76ebc8239cb9e55b1f01990e97f19ed511b68ebc",
        .data_a = "",
        .random_b = "e5d7995299d72ea602f5e613614a7254379bab54e6a0f23fd2983404a3f87aa3",
        .data_b = "",
        .share_a = "04e2ac5b69a07d034d55fe0843c305999e9db16278b1f5bef3fcc14a97277542",
        .share_b = "cec9ec63ba4bc65e78a598c00f53d3838572c6e957f506aa5d3d511ffe113d39",
        .isk = "91829aedc29dab4ca437383e2111239415c2586de768f4b9e14d754f03f68b1ade91fcb5db844eec9005d7e0648c0212"
               "0684bbc726f313bf77e847b33488b9db",
        .tag_a = "5498e43d06051ae750ce6f88d547064cc7e053c93a8c9668fc00620789e324933d1c2b94d64d6947d694f484f219da35"
                 "7eee40875583bbb10a54ea59c5cb1f32",
        .tag_b = "83feca40a7c1cc1f426d7f89347b85062c7f99bc7e6b0a02e231e9cc35c800652f29c4e0f927fc9dedc977aac72fcce6"
                 "343bb7255bfab27c9979da28df6d720b",
    },
    {
        .name = "password of 128",
        .password = "*128",
        .sid = "d61c5e48139ef2bd2f2eab79b8cfdf1a2993d9de3449ef07bcd49aa2056b745a",
        .channel = "",
        .random_a = "f9319ac71ef53a2cd6a0822e77fa8b654c6416d886760488753f026ed21092c6",
        .data_a = "",
        .random_b = "ce22518b467455a44d91542bcf93f6d2bb28adaf4bb26aaddfa804b1cc1f11de",
        .data_b = "",
        .share_a = "1c39d389f3ed21f30741df095e0f56729d73d0480a1cbc3def5ba1d69451524d",
        .share_b = "78375b57cbb33ebcf929573d047cef744553f988a5cac23cbb4e638e4ee12f1b",
        .isk = "1f456b25d3c06f09b67f5fced7436d524cf567ca16e0ef79f39bc0469a959b0aef905fede609a5c8a61f7b8e2566e0fc"
               "27d404e2455874bebc5cb259689073ea",
        .tag_a = "f45c9f4b795aef042b40929d4d32610a65c1dfa707600ce3bf53e29bb6dbcf10269394e0b8ec63ad7f1bf54073059937"
                 "fe3dc02cf493a004ffa271a16fb856af",
        .tag_b = "fb4249b7f74a9b2d8628f141c1094a3453ae85d208c779a3436209904dc172facf67741100552f51d33810dafc6debc8"
                 "b8e7f0715eb86e1240d432d4e6ee45f6",
    },
    {
        .name = "password of 1024",
        .password = "*1024",
        .sid = "864e81945ab5100e860319ba6f0d10feb2cb078d904bd475eb38363cf55314cd",
        .channel = "",
        .random_a = "866f7b06db8524292025a8273c60fd01ffd87fa7ff818ff448b9d0be0d47928c",
        .data_a = "",
        .random_b = "8204908830eafa66c07650a81a4c9ec6313b13f700a92490349800abc3790526",
        .data_b = "",
        .share_a = "babf20c9574388d2b210cf8a457f76eec378bc72faa504ebba44bc1fe6b0ca44",
        .share_b = "ca309b482c69e13d1930a1a4e28f28c0403f73ea8e295ffcede894e9addefe23",
        .isk = "256b5a8590e7e54adfc2971a95f76d4a5a4f6a1a4dec7411a061e374c0c867abcf4cf8b61a57f69c3490af0f216912c4"
               "1e6817950af4d1f49f37ff0f74c97353",
        .tag_a = "6b6607f36a445c2f898df08de92db2eaf09fae07d114170b82bd487f58594647a0a5d25c550d56f16e178a7d0cc9a273"
                 "4536b48dd9e4461e24721cb12fc4ac13",
        .tag_b = "e88e2cc13e37dee036d216fbfa926a6b9ebeef42003c0b7c1fde111f9a595433eddefb950167606c03f7381bb5610663"
                 "4e7c78f3adac904617e9c66f47bc2642",
    },
    {
        .name = "lengths of two bytes",
        .password = "74616e6e656e6772c3bc6e2c20332054c3bc72656e",
        .sid = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
               "303132333435363738393a3b3c3d3e3f",
        .channel = "*300",
        .random_a = "1959341bcb16845531233ed00597ff98146aa65ee6fbb362376b197f8f5c7a81",
        .data_a = "*127",
        .random_b = "bc0e8355889356aa1d0023bb15fc28ba9de2bf7173a013336539293ff34a294c",
        .data_b = "*128",
        .share_a = "64dc6ad7c3332ca7371cb5c1bebc5efb5796719bc958e37c633832779c50bd52",
        .share_b = "12c2640762b63210d7a0edb8b6fb943041ca09e98102a777da00905eda51d569",
        .isk = "2c01ee39d18189e02a04c7d8f2f1679926a8b283f1dd8be128901291a2755bdd1f030b9839bcc4290f5346bfb733acbc"
               "34a57ff6578fe7780f3134215b2fe32a",
        .tag_a = "d01f099d266c4795063f0309524dac96e4425dfcf5fcf95245cf640b3eab1dd0d293e12b78965d444993e2cfc52d7908"
                 "603d3c8be9b94ec914344dddc5a3ed16",
        .tag_b = "fda736972528266475b1be7ac12d446904e75c8cdf4d5378cbe71d2894b18a97ad19e8ffc33d7891f7390fac3d537343"
                 "bbba2aa16ff07fe22b0bb94dc9a2b1c1",
    },
    {
        .name = "largest",
        .password = "*1024",
        .sid = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
               "303132333435363738393a3b3c3d3e3f",
        .channel = "*8192",
        .random_a = "ea6b3f25f4676e137c01659073ed8f43de339ccc7b503e6c9570558d067e61d9",
        .data_a = "*4096",
        .random_b = "a8128da93da125d5b1e2f2e62d31f9d30e6282f28f865330fa8533ae22dda815",
        .data_b = "*4096",
        .share_a = "3cee0dc225f1f20bc122771d4ce307b797868dcae0ea0b993d81af4ecd9fa74b",
        .share_b = "a29955540927c2f5cf0793423678df47b057122ca0a23b66913a1c9972690335",
        .isk = "27555a8a4dcff2d78708c532cf0d7d4fd50c0fb06c83f29392623855340bb56a04e48d8f98ddfda0c863732e8b821359"
               "b4f3c1e8a5bb1e9113704afa4972d904",
        .tag_a = "1f331df5d978098404bfa82b42a9dc01609e8d159d015cf2ff6dae06cf5d2a7fb7632ca4bf510e1ce7cb050ce8ff8c3e"
                 "2a6e4244222b60854ff06a072abd750a",
        .tag_b = "def92a4bb95fda324fdab14b8ba5d49d77350355fee69c8c6b7e68a5a08a74c9b2c43621118ec8ac1e5e477ba9c0371b"
                 "96cf0ebe0874d3b6647b682d1740343d",
    },
    {
        .name = "highest bits set",
        .password = "74616e6e656e6772c3bc6e2c20332054c3bc72656e",
        .sid = "3d6e2997bb7c54d43f2721dfa00a4bbd3652473b3c1b5d788c2d7205b399572a",
        .channel = "",
        .random_a = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        .data_a = "",
        .random_b = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe7",
        .data_b = "",
        .share_a = "5af343de4f6ceeb8956d7883dd29524d1964e6256cfd0b4737c9ac705fab2505",
        .share_b = "6e5e96a682879efc2b0b5efc76f7fdeef933f6e209cfe1c4c722a2a9b2fa3327",
        .isk = "02be474eff838a716180c686425a202512df49e4ba2e1dcc7628b25840ab5369769aad7481a5a4ff96b333c498f22bae"
               "9697852c74a0aca14adecf235958b89f",
        .tag_a = "8b2b363f33edb30c2807159f903da737b1b0cf060382c20124803ccb915be78c2d0515d503d876c0bbbd632933ce8a61"
                 "a2c6e6cc2d1e299e15586bbb60a9b26a",
        .tag_b = "5f191a4f289f0e5e184a89afdc7873d134edd05c49a26cc872a253e8275ea9db757137ecd3fb51c7efffd6151800321b"
                 "f677c3aa0fe1211dbae9662a17f8a5e8",
    },
    {
        .name = "small scalars",
        .password = "74616e6e656e6772c3bc6e2c20332054c3bc72656e",
        .sid = "4a49277c5bb35b55be2408bf312297c9192d6265d9348bf71eeacf9b8e6d0683",
        .channel = "",
        .random_a = "0100000000000000000000000000000000000000000000000000000000000000",
        .data_a = "",
        .random_b = "02000000000000000000000000000000000000000000000000000000000000f0",
        .data_b = "",
        .share_a = "2c9a84c23eb006c02d7c2e241d7bd9ac12a8a6eb6512afe94ef3fc337355e45d",
        .share_b = "f4a494ee525a32870b9a706ffc60dca117997f45f18285ed9a4ab02589c09a58",
        .isk = "c7eea78fa93b6cd353b8e3f766de2e6f69372fc8e09e95f4da33399813d64de71ad9bd9de6212a9f8b5d34baf3feae07"
               "f2ff4ad354bd2e4da90ac3f29a494fc4",
        .tag_a = "9f7a72bea83d42140b7bff15a64e01bead690e9dce6615397878450e49d88877cef97fc5cb1a7c0f540ba44cb93beea1"
                 "dcf7ad6aba936178cf9d39313716d37a",
        .tag_b = "f15f60f0fa11c46de6aa8ea6e316564cac650d9543d60dcdddfc52385d926b12dc0641f1a2c46316c2722cf52a5f7230"
                 "27394836665c9d5acfcd8b4196e9be7a",
    },
};

static const struct cpace_refused {
    const char *share, *why;
} cpace_refused[] = {
    {"0000000000000000000000000000000000000000000000000000000000000000", "neutral"},
    {"2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", "negative"},
    {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"},
    {"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"},
    {"efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "not canonical"},
    {"0000000000000000000000000000000000000000000000000000000000000080", "not canonical"},
    {"0200000000000000000000000000000000000000000000000000000000000080", "not canonical"},
    {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "not canonical"},
    {"2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a59c", "not canonical"},
    {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "y is zero"},
    {"0100000000000000000000000000000000000000000000000000000000000000", "negative"},
    {"0300000000000000000000000000000000000000000000000000000000000000", "negative"},
    {"ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "negative"},
    {"0200000000000000000000000000000000000000000000000000000000000000", "negative xy"},
    {"0800000000000000000000000000000000000000000000000000000000000000", "not a square"},
    {"0a00000000000000000000000000000000000000000000000000000000000000", "negative xy"},
    {"0c00000000000000000000000000000000000000000000000000000000000000", "not a square"},
    {"0e00000000000000000000000000000000000000000000000000000000000000", "not a square"},
    {"1000000000000000000000000000000000000000000000000000000000000000", "negative xy"},
    {"1200000000000000000000000000000000000000000000000000000000000000", "negative xy"},
    {"1800000000000000000000000000000000000000000000000000000000000000", "not a square"},
};

#endif
