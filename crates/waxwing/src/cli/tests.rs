//! What the command line takes together and what it does not.

use clap::error::ErrorKind;

use super::*;

fn parse(line: &str) -> Result<Cli, ErrorKind> {
    Cli::try_parse_from(line.split(' ')).map_err(|error| error.kind())
}

#[test]
fn a_round_is_checked_alone() {
    parse("waxwing verify --round round.json").unwrap();
    for other in ["--hash 00", "--public-seed text", "--house-edge-bps 100", "--algorithm waxwing"]
    {
        let together = parse(&format!("waxwing verify --round round.json {other}"));
        assert_eq!(together.unwrap_err(), ErrorKind::ArgumentConflict, "{other}");
    }
}

#[test]
fn a_formula_needs_a_hash_and_may_have_the_rest() {
    parse("waxwing verify --algorithm waxwing --hash 00").unwrap();
    parse("waxwing verify --algorithm waxwing --hash 00 --public-seed a --house-edge-bps 300")
        .unwrap();
    for line in ["verify", "verify --hash 00", "verify --algorithm waxwing"] {
        let refused = parse(&format!("waxwing {line}")).unwrap_err();
        assert_eq!(refused, ErrorKind::MissingRequiredArgument, "{line}");
    }
}

#[test]
fn tools_for_a_directory_take_where_it_is_and_nothing_to_listen_on() {
    for tool in ["settle", "migrate", "credit --player 7 --amount -2.5 --key may"] {
        parse(&format!("waxwing {tool} --data ./data --config waxwing.toml")).unwrap();
        let listens = parse(&format!("waxwing {tool} --listen 127.0.0.1:1")).unwrap_err();
        assert_eq!(listens, ErrorKind::UnknownArgument, "{tool}");
    }
}
