//! As much of Redis' protocol as it takes to administer a server: over its socket file, so that it is
//! the same with and without TLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Text(String),
    Error(String),
    List(Vec<Self>),
    Nil,
}

impl Answer {
    /// The text; numbers are text, too.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("{other:?} is not text"),
        }
    }

    /// The answers in the list.
    pub(crate) fn list(&self) -> &[Self] {
        match self {
            Self::List(list) => list,
            other => panic!("{other:?} is not a list"),
        }
    }
}

/// Sends `commands` to the server that listens at `socket`, and returns the answer to the last one.
pub(crate) fn ask(socket: &Path, commands: &[&[&str]]) -> std::io::Result<Answer> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream);
    let mut last = Answer::Nil;
    for command in commands {
        let words = command.iter().map(|it| format!("${}\r\n{it}\r\n", it.len()));
        let packed = format!("*{}\r\n{}", command.len(), words.collect::<String>());
        reader.get_mut().write_all(packed.as_bytes())?;
        last = read(&mut reader)?;
    }
    Ok(last)
}

fn read(reader: &mut BufReader<UnixStream>) -> std::io::Result<Answer> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let kind = line.remove(0);
    let rest = line.trim_end().to_owned();
    Ok(match (kind, rest.parse::<usize>().ok()) {
        ('$', Some(length)) => {
            let mut bytes = vec![0; length + 2];
            reader.read_exact(&mut bytes)?;
            bytes.truncate(length);
            Answer::Text(String::from_utf8_lossy(&bytes).into_owned())
        }
        ('*', Some(length)) => {
            let answers: std::io::Result<_> = (0..length).map(|_| read(reader)).collect();
            Answer::List(answers?)
        }
        ('$' | '*', None) => Answer::Nil,
        ('-', _) => Answer::Error(rest),
        _ => Answer::Text(rest),
    })
}
