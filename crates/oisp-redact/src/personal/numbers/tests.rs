//! Numbers that people have, and numbers that only look like them.

use super::*;

fn found(text: &str) -> Vec<(&'static str, &str)> {
    let mut all = Vec::new();
    find(text.as_bytes(), &mut |entity, place| {
        all.push((entity.name(), &text[place]));
    });
    all
}

/// Each is found whole, alone and within a sentence.
fn is_found(entity: &str, numbers: &[&str]) {
    for number in numbers {
        assert_eq!(found(number), [(entity, *number)]);
        let text = format!("it is {number}, she said");
        assert_eq!(found(&text), [(entity, *number)], "{text}");
        let quoted = format!("{{\"n\":\"{number}\"}}");
        assert_eq!(found(&quoted), [(entity, *number)], "{quoted}");
    }
}

fn stays(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn cards_by_issuer_length_and_check_digit() {
    is_found(
        "card",
        &[
            "4111111111111111",
            "4111 1111 1111 1111",
            "5500-0055-5555-5559",
            "2223003122003222",
            "378282246310005",
            "3782 822463 10005",
            "30569309025904",
            "6011 1111 1111 1117",
            "3530111333300000",
            "4222222222222",
        ],
    );
    stays(&[
        "4111111111111112",
        "4111 1111 1111 1112",
        "1700000000000000000",
        "9411111111111111",
        "0.4111111111111111",
        "411111111111111111",
        "id4111111111111111",
        "4111111111111111_x",
        "4111-1111 1111-1111",
    ]);
}

#[test]
fn a_card_is_found_beside_other_numbers() {
    assert_eq!(
        found("order 12 4111 1111 1111 1111"),
        [("card", "4111 1111 1111 1111")]
    );
    for path in [
        "/work/4111 1111 1111 1111/x",
        "/users/4111111111111111/12",
        "4111111111111111/12/26",
    ] {
        assert!(matches!(found(path)[..], [("card", _)]), "{path}");
    }
    let many = format!("{}4111 1111 1111 1111 9", "7 ".repeat(45));
    assert_eq!(found(&many), [("card", "4111 1111 1111 1111")]);
}

#[test]
fn accounts_by_country_length_and_check_digits() {
    is_found(
        "iban",
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "FR14 2004 1010 0505 0001 3M02 606",
            "NO9386011117947",
            "ch9300762011623852957",
        ],
    );
    stays(&[
        "DE89370400440532013001",
        "DE8937040044053201300",
        "XX89370400440532013000",
        "DE89370400440532013000X",
    ]);
}

#[test]
fn phone_numbers_in_the_forms_that_are_written() {
    is_found(
        "phone",
        &[
            "+14155550132",
            "+1 (415) 555-0132",
            "+44 20 7946 0018",
            "+49 30 901820",
            "+33 1 23 45 67 89",
            "(415) 555-0132",
            "415-555-0132",
            "1-415-555-0132",
            "415.555.0132",
            "0044 20 7946 0018",
        ],
    );
    assert_eq!(found("Tel.: 030 901820-11"), [("phone", "030 901820-11")]);
    assert_eq!(found("phone: 415 555 0132"), [("phone", "415 555 0132")]);
    stays(&[
        "x = y +12345678",
        "+17000000000",
        "+0530",
        "1e+1234567890",
        "2024-01-15 10:30:00",
        "115-555-0132",
        "call_415 555 0132",
        "tell 4155550 people",
        "978-3-16-148410-0",
        "1234567 7654321",
    ]);
}

#[test]
fn social_security_numbers_that_are_given_out() {
    is_found("ssn", &["123-45-6789", "536 90 4399"]);
    assert_eq!(found("SSN: 536904399"), [("ssn", "536904399")]);
    stays(&[
        "000-12-3456",
        "666-12-3456",
        "912-12-3456",
        "123-00-6789",
        "123-45-0000",
        "123.45.6789",
        "1123-45-6789",
        "536904399",
    ]);
}

#[test]
fn internet_addresses_and_not_versions() {
    is_found(
        "ip",
        &[
            "203.0.113.7",
            "8.8.8.8",
            "2001:db8::7",
            "2606:4700:4700::1111",
        ],
    );
    is_found(
        "private_ip",
        &[
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.17",
            "fe80::1",
            "fd12:3456::1",
        ],
    );
    assert_eq!(found("http://203.0.113.7:8080/x"), [("ip", "203.0.113.7")]);
    assert_eq!(found("[2001:db8::7]:443"), [("ip", "2001:db8::7")]);
    assert_eq!(
        found("198.51.100.0/24 198.51.100.9/32"),
        [("ip", "198.51.100.0"), ("ip", "198.51.100.9")]
    );
    stays(&[
        "Chrome/131.0.0.0 Safari",
        "version 1.2.3.4",
        "\"version\": \"1.2.3.4\"",
        "v1.2.3.4",
        "pkg==1.2.3.4",
        "lib-1.2.3.4.jar",
        "1.2.3.4.5",
        "0.0.0.0",
        "256.1.1.1",
        "10:30:45",
        "a1::b2",
        "std1::fmt",
        "00:1b:44:11:3a:b7",
    ]);
}

#[test]
fn coin_addresses_by_checksum() {
    is_found(
        "crypto_address",
        &[
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
        ],
    );
    stays(&[
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",
        "0x0000000000000000000000000000000000000000",
        "5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ]);
}
