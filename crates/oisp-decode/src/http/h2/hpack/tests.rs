//! The examples of RFC 7541, Appendix C, and what happens without the past.

mod model;

use super::*;

const LIMIT: usize = 64 << 10;

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// The fields of a block as `name: value`, `?` for an unknown one.
fn fields(decoder: &mut Decoder, block: &[u8]) -> (Vec<String>, Result<(), Broken>) {
    let mut fields = Vec::new();
    let result = decoder.decode(block, false, |field| {
        fields.push(match field {
            Field::Known(name, value) => format!("{name}: {}", String::from_utf8_lossy(value)),
            Field::Unknown => String::from("?"),
        });
    });
    (fields, result)
}

fn decoded(decoder: &mut Decoder, block: &str) -> Vec<String> {
    let (fields, result) = fields(decoder, &hex(block));
    assert_eq!(result, Ok(()));
    fields
}

#[test]
fn c2_each_representation_alone() {
    let one = |block: &str| decoded(&mut Decoder::new(LIMIT), block);
    assert_eq!(
        one("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572"),
        ["custom-key: custom-header"]
    );
    assert_eq!(
        one("040c 2f73 616d 706c 652f 7061 7468"),
        [":path: /sample/path"]
    );
    assert_eq!(
        one("1008 7061 7373 776f 7264 0673 6563 7265 74"),
        ["password: secret"]
    );
    assert_eq!(one("82"), [":method: GET"]);
}

const REQUESTS: [&[&str]; 3] = [
    &[
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
    ],
    &[
        ":method: GET",
        ":scheme: http",
        ":path: /",
        ":authority: www.example.com",
        "cache-control: no-cache",
    ],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

const C3: [&str; 3] = [
    "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
    "8286 84be 5808 6e6f 2d63 6163 6865",
    "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
];

const C4: [&str; 3] = [
    "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
    "8286 84be 5886 a8eb 1064 9cbf",
    "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];

#[test]
fn c3_and_c4_requests_on_one_connection() {
    for blocks in [C3, C4] {
        let mut decoder = Decoder::new(LIMIT);
        for (block, expected) in blocks.iter().zip(REQUESTS) {
            assert_eq!(decoded(&mut decoder, block), expected);
        }
    }
}

#[test]
fn c5_and_c6_responses_evict_from_a_table_of_256_bytes() {
    let c5 = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 \
         3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 \
         7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 \
         6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ];
    let c6 = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad \
         1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 \
         e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    let expected: [&[&str]; 3] = [
        &[
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        &[
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        &[
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
    ];
    for blocks in [c5, c6] {
        // A table of ours that is larger than the encoder's reads the same.
        for limit in [256, LIMIT] {
            let mut decoder = Decoder::new(limit);
            for (block, expected) in blocks.iter().zip(expected) {
                assert_eq!(decoded(&mut decoder, block), expected);
            }
        }
    }
}

#[test]
fn joined_midway_what_was_sent_before_is_unknown_and_the_rest_is_right() {
    let mut decoder = Decoder::new(LIMIT);
    assert_eq!(
        decoded(&mut decoder, C3[1]),
        [
            ":method: GET",
            ":scheme: http",
            ":path: /",
            "?",
            "cache-control: no-cache"
        ]
    );
    // 0xbf is the authority, two insertions ago; 0xbe is cache-control.
    assert_eq!(
        decoded(&mut decoder, "bf be"),
        ["?", "cache-control: no-cache"]
    );
}

#[test]
fn a_name_from_before_makes_an_unknown_field_that_keeps_its_place() {
    let mut decoder = Decoder::new(LIMIT);
    // The value "v" under the name of an entry we have not seen.
    assert_eq!(decoded(&mut decoder, "7e 01 76"), ["?"]);
    assert_eq!(decoded(&mut decoder, "40 01 61 01 62"), ["a: b"]);
    assert_eq!(decoded(&mut decoder, "be bf"), ["a: b", "?"]);
}

#[test]
fn a_name_may_come_from_the_entry_that_its_field_evicts() {
    let mut decoder = Decoder::new(40);
    assert_eq!(decoded(&mut decoder, "40 04 6e61 6d65 01 62"), ["name: b"]);
    assert_eq!(decoded(&mut decoder, "7e 01 63"), ["name: c"]);
    assert_eq!(decoded(&mut decoder, "be"), ["name: c"]);
}

#[test]
fn a_size_update_evicts() {
    let mut decoder = Decoder::new(LIMIT);
    decoded(&mut decoder, "40 01 61 01 62");
    assert_eq!(decoded(&mut decoder, "20 3f e1 1f be"), ["?"]);
}

#[test]
fn after_a_broken_block_the_table_is_unknown() {
    for broken in ["80", "40 05 61", "00 01 61 81 00", "ff ff ff ff ff ff"] {
        let mut decoder = Decoder::new(LIMIT);
        decoded(&mut decoder, "40 01 61 01 62");
        let (before, result) = fields(&mut decoder, &hex(&format!("be {broken}")));
        assert_eq!(
            (before, result),
            (vec![String::from("a: b")], Err(Broken)),
            "{broken}"
        );
        assert_eq!(decoded(&mut decoder, "be"), ["?"], "{broken}");
    }
}
