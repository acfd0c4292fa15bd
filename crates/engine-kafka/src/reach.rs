//! Whether brokers answer, and if not, why: librdkafka tries again for ever and says what is wrong only aside.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as ClientError, RDKafkaErrorCode};

use crate::topics::blocking;
use crate::{KafkaConfig, KafkaError};

/// How long brokers may take.
const WITHIN: Duration = Duration::from_secs(15);
/// How long one question may, until it is looked at what was said aside.
const QUESTION: Duration = Duration::from_millis(300);

/// What the client says aside.
#[derive(Default)]
struct Aside {
    /// Why brokers will not have us: that will not pass.
    refused: Mutex<Option<String>>,
    /// The last of everything else.
    last: Mutex<Option<String>>,
}

fn locked(said: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ClientContext for Aside {
    fn error(&self, error: ClientError, reason: &str) {
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::SSL,
            ) => *locked(&self.refused) = Some(reason.to_owned()),
            // What was said of one of them before says more.
            Some(RDKafkaErrorCode::AllBrokersDown) => {
                locked(&self.last).get_or_insert_with(|| reason.to_owned());
            }
            _ => *locked(&self.last) = Some(reason.to_owned()),
        }
    }
}

impl ConsumerContext for Aside {}

/// Asks the brokers who they are. The error says why they do not answer: a wrong password, say.
pub async fn reach(config: &KafkaConfig) -> Result<(), KafkaError> {
    let config = config.clone();
    blocking(move || ask(&config)).await
}

fn ask(config: &KafkaConfig) -> Result<(), KafkaError> {
    let consumer = BaseConsumer::from_config_and_context(&config.consumer(), Aside::default())
        .map_err(|error| config.away(error))?;
    let begun = Instant::now();
    loop {
        let Err(error) = consumer.fetch_metadata(None, QUESTION) else { return Ok(()) };
        // What was said aside is heard by asking for records.
        while consumer.poll(Duration::ZERO).is_some() {}
        let aside = consumer.context();
        if let Some(why) = locked(&aside.refused).clone() {
            return Err(KafkaError::NotLetIn { brokers: config.brokers.join(","), why });
        }
        if begun.elapsed() > WITHIN {
            return Err(config.away(locked(&aside.last).clone().unwrap_or_else(|| error.to_string())));
        }
    }
}
