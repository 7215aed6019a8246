//! When a certificate ends. No more of its DER is read than that (RFC 5280, 4.1): rustls has read
//! the rest, and shows none of it.

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The second after which `certificate` is good for nothing, counted from 1970 on.
pub(super) fn not_after(certificate: &[u8]) -> Option<i64> {
    let (_, certificate, _) = value(certificate)?;
    let (_, signed, _) = value(certificate)?;
    let (tag, _, behind) = value(signed)?;
    // The oldest have no version.
    let mut rest = if tag == VERSION { behind } else { signed };
    for _serial_algorithm_issuer in 0..3 {
        (_, _, rest) = value(rest)?;
    }
    let (_, validity, _) = value(rest)?;
    let (_, _not_before, behind) = value(validity)?;
    let (tag, text, _) = value(behind)?;
    second(tag, std::str::from_utf8(text).ok()?)
}

/// The first value in `der`: its tag, what it holds, and what is behind it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // So many bytes of length follow: one to four.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (held, behind) = rest.split_at_checked(length)?;
    Some((tag, held, behind))
}

/// Reads `YYMMDDhhmmssZ`, of the years from 1950 on, or `YYYYMMDDhhmmssZ`.
fn second(tag: u8, text: &str) -> Option<i64> {
    let digits = text.strip_suffix('Z').filter(|text| text.bytes().all(|c| c.is_ascii_digit()))?;
    let (digits_of_year, century) = match tag {
        UTC_TIME => (2, if digits < "5" { 2_000 } else { 1_900 }),
        GENERALIZED_TIME => (4, 0),
        _ => return None,
    };
    let (year, rest) = digits.split_at_checked(digits_of_year)?;
    let year = century + year.parse::<i64>().ok()?;
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let day = days(year, two(0)?, two(2)?);
    Some(((day * 24 + two(4)?) * 60 + two(6)?) * 60 + two(8)?)
}

/// Days from 1970 on. A year begins in March here, so that a leap day is its last.
const fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    use test_servers::Authority;

    use crate::clock::{Clock as _, SystemClock};

    use super::{GENERALIZED_TIME, UTC_TIME, not_after, second};

    #[test]
    fn instants_are_read_in_both_forms() {
        for (tag, text, expected) in [
            (UTC_TIME, "700101000000Z", Some(0)),
            (UTC_TIME, "000229120000Z", Some(951_825_600)),
            (UTC_TIME, "260301000000Z", Some(1_772_323_200)),
            (UTC_TIME, "491231235959Z", Some(2_524_607_999)),
            (UTC_TIME, "500101000000Z", Some(-631_152_000)),
            (GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000)),
            (GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799)),
            (UTC_TIME, "7001010000Z", None),
            (UTC_TIME, "700101000000", None),
            (UTC_TIME, "7001010000+1Z", None),
            (GENERALIZED_TIME, "", None),
            (0x0c, "700101000000Z", None),
        ] {
            assert_eq!(second(tag, text), expected, "{text}");
        }
    }

    #[test]
    fn the_end_of_a_real_certificate_is_read_and_a_piece_of_one_has_none() {
        let authority = Authority::new().unwrap();
        let own = CertificateDer::from_pem_file(authority.certificate()).unwrap();
        let now_s = SystemClock::new().unix_ms() / 1_000;
        // It is made for two days.
        let left = not_after(&own).unwrap() - now_s;
        assert!((172_700..=172_800).contains(&left), "{left} seconds");
        assert!((0..own.len()).all(|length| not_after(&own[..length]).is_none()));
        assert_eq!(not_after(&[0x30, 0x80]), None, "a length without end");
        assert_eq!(not_after(&[0x30, 0x85, 1, 1, 1, 1, 1]), None, "a length beyond measure");
    }
}
