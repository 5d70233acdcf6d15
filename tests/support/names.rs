//! A name server of the test's own, over UDP: it says what it is told, and may say something else the next time.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::Result;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use parking_lot::Mutex;
use tokio::net::UdpSocket;

/// What a name leads to at its n-th question (A and AAAA counted together, from 0): addresses, or another name.
pub type Says = dyn Fn(&str, usize) -> (Vec<IpAddr>, Option<String>) + Send + Sync;

/// A name server that answers until it is dropped.
pub struct Names {
    /// Where.
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Names {
    /// A name server on a free port of 127.0.0.1. Names without an answer do not exist.
    ///
    /// # Errors
    /// Where it cannot listen.
    pub async fn that(
        says: impl Fn(&str, usize) -> (Vec<IpAddr>, Option<String>) + Send + Sync + 'static,
    ) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let (address, asked) = (socket.local_addr()?, Arc::new(Mutex::new(Vec::new())));
        let task = tokio::spawn(answer(socket, Box::new(says), Arc::clone(&asked)));
        Ok(Self { address, asked, task })
    }

    /// Names that were asked for, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(socket: UdpSocket, says: Box<Says>, asked: Arc<Mutex<Vec<String>>>) {
    let mut buffer = [0; 4_096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let Some(reply) = buffer.get(..length).and_then(|bytes| reply(bytes, &*says, &asked)) else { continue };
        let _ = socket.send_to(&reply, from).await;
    }
}

fn reply(question: &[u8], says: &Says, asked: &Mutex<Vec<String>>) -> Option<Vec<u8>> {
    let question = Message::from_vec(question).ok()?;
    let query = question.queries.first()?.clone();
    let name = query.name().to_ascii().trim_end_matches('.').to_ascii_lowercase();
    let times = {
        let mut asked = asked.lock();
        asked.push(name.clone());
        asked.iter().filter(|other| **other == name).count() - 1
    };
    let (addresses, other) = says(&name, times);
    let mut reply = Message::response(question.metadata.id, question.metadata.op_code);
    reply.add_query(query.clone());
    if addresses.is_empty() && other.is_none() {
        reply.metadata.response_code = ResponseCode::NXDomain;
    }
    let mut owner = query.name().clone();
    if let Some(other) = other {
        let other = Name::from_ascii(other).ok()?;
        reply.add_answer(Record::from_rdata(owner, 0, RData::CNAME(CNAME(other.clone()))));
        owner = other;
    }
    for address in addresses {
        match (address, query.query_type()) {
            (IpAddr::V4(v4), RecordType::A) => {
                reply.add_answer(Record::from_rdata(owner.clone(), 0, RData::A(A(v4))));
            }
            (IpAddr::V6(v6), RecordType::AAAA) => {
                reply.add_answer(Record::from_rdata(owner.clone(), 0, RData::AAAA(AAAA(v6))));
            }
            _ => {}
        }
    }
    reply.to_vec().ok()
}
