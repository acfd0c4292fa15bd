//! Whether a node answers its protocol, not only its port: the smallest question that each has, asked by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

const ANSWER_WITHIN: Duration = Duration::from_secs(2);

fn ask(address: SocketAddr, question: &[u8]) -> Result<TcpStream> {
    let mut socket = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    socket.set_read_timeout(Some(ANSWER_WITHIN))?;
    socket.write_all(question)?;
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
    let mut socket = ask(address, &question)?;
    // Length, number, throttle time, how many brokers.
    let mut answer = [0; 16];
    socket.read_exact(&mut answer)?;
    let known = u32::from_be_bytes([answer[12], answer[13], answer[14], answer[15]]);
    ensure!(known == brokers, "it knows of {known} brokers, not of {brokers}");
    Ok(())
}

/// Whether a node speaks CQL: OPTIONS, version 4 of the protocol; SUPPORTED is the answer.
pub(super) fn cassandra(address: SocketAddr) -> Result<()> {
    let mut socket = ask(address, &[0x04, 0, 0, 0, 0x05, 0, 0, 0, 0])?;
    let mut answer = [0; 9];
    socket.read_exact(&mut answer)?;
    ensure!(answer[0] == 0x84 && answer[4] == 0x06, "it does not speak CQL version 4");
    Ok(())
}
