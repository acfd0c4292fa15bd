//! Whether a node answers its protocol, not only its port: the smallest question that each has, asked by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::cassandra;

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

fn connected(address: SocketAddr) -> Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    socket.set_read_timeout(Some(ANSWER_WITHIN))?;
    Ok(socket)
}

/// Whether a broker knows of so many brokers: Kafka's Metadata request, version 4, for all topics.
pub(super) fn kafka(address: SocketAddr, brokers: u32) -> Result<()> {
    const BODY: [u8; 15] = [
        0, 3, 0, 4, // which request, which version
        0, 0, 0, 1, // its number
        0xff, 0xff, // no client id
        0, 0, 0, 0, // no topics
        0, // make none
    ];
    let mut question = (BODY.len() as u32).to_be_bytes().to_vec();
    question.extend(BODY);
    let mut socket = connected(address)?;
    socket.write_all(&question)?;
    // Length, number, throttle time, how many brokers.
    let mut answer = [0; 16];
    socket.read_exact(&mut answer)?;
    let known = u32::from_be_bytes([answer[12], answer[13], answer[14], answer[15]]);
    ensure!(known == brokers, "it knows of {known} brokers, not of {brokers}");
    Ok(())
}

/// Whether a node speaks CQL, version 4 of the protocol, and knows who may log in: it finds that out after it began to listen.
pub(super) fn cassandra(address: SocketAddr) -> Result<()> {
    logged_in(address).map(drop)
}

fn logged_in(address: SocketAddr) -> Result<TcpStream> {
    let mut socket = connected(address)?;
    let options = [&[0, 1][..], &text("CQL_VERSION"), &text("3.0.0")].concat();
    let (opcode, _) = asked(&mut socket, STARTUP, &options)?;
    if opcode == READY {
        return Ok(socket);
    }
    ensure!(opcode == AUTHENTICATE, "it does not begin");
    let login = format!("\0{}\0{}", cassandra::USER, cassandra::PASSWORD);
    let length = (login.len() as u32).to_be_bytes();
    let (opcode, answer) = asked(&mut socket, AUTH_RESPONSE, &[&length[..], login.as_bytes()].concat())?;
    ensure!(opcode == AUTH_SUCCESS, "{}", String::from_utf8_lossy(&answer));
    Ok(socket)
}

/// Whether a node of three has the two others at hand: it is asked for rows that all three have, and have to give.
pub(super) fn ring(address: SocketAddr) -> Result<()> {
    const QUESTION: &str = "SELECT keyspace_name FROM system_distributed.view_build_status LIMIT 1";
    let mut socket = logged_in(address)?;
    let length = (QUESTION.len() as u32).to_be_bytes();
    // Consistency ALL, no parameters.
    let query = [&length[..], QUESTION.as_bytes(), &[0, 5], &[0]].concat();
    let (opcode, answer) = asked(&mut socket, QUERY, &query)?;
    ensure!(opcode == RESULT, "{}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// The opcodes of CQL's protocol.
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const AUTH_RESPONSE: u8 = 0x0f;
const AUTH_SUCCESS: u8 = 0x10;

/// A text as CQL's protocol writes it.
fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

/// Asks Cassandra one thing; gives the opcode and the body of its answer.
fn asked(socket: &mut TcpStream, opcode: u8, body: &[u8]) -> Result<(u8, Vec<u8>)> {
    let length = (body.len() as u32).to_be_bytes();
    socket.write_all(&[&[0x04, 0, 0, 0, opcode][..], &length, body].concat())?;
    let mut head = [0; 9];
    socket.read_exact(&mut head)?;
    ensure!(head[0] == 0x84, "it does not speak CQL version 4");
    let mut answer = Vec::new();
    let length = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
    socket.take(u64::from(length)).read_to_end(&mut answer)?;
    Ok((head[4], answer))
}
