//! `dq completions` and `dq man`.

use std::process::Command;

use crate::program::Program;

#[test]
fn every_shell_gets_a_script_that_knows_the_commands() {
    let program = Program::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = program.run(&["completions", shell]).saying(0, "").stdout;
        for word in ["validate", "explain", "--baseline"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(script.contains(word), "{shell} completes no {word}");
        }
    }
    program.run(&["completions", "csh"]).with(2);
}

#[test]
fn bash_completes_an_option() {
    let program = Program::new();
    program.write("dq.bash", program.run(&["completions", "bash"]).saying(0, "").stdout);
    let script = "source ./dq.bash; COMP_WORDS=(dq validate --base); COMP_CWORD=2; _dq dq --base validate; echo \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["--norc", "-c", script])
        .current_dir(program.path(""))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "--baseline\n");
}

#[test]
fn the_manual_is_printed_or_written_page_by_page() {
    let program = Program::new();
    let page = program.run(&["man"]).saying(0, "").stdout;
    assert!(page.contains(".TH dq 1"), "{page}");
    std::fs::create_dir(program.path("man1")).unwrap();
    assert_eq!(program.run(&["man", "--out", "man1"]).saying(0, "").stdout, "");
    assert_eq!(program.read("man1/dq.1"), page);
    assert!(program.read("man1/dq-validate.1").contains("\\-\\-baseline"));
    let ended = program.run(&["man", "--out", "nowhere"]).with(3);
    assert!(ended.stderr.starts_with("dq: cannot write the manual to `nowhere`: "), "{ended:?}");
}
