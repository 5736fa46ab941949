//! Amazon's SDK for Rust on its defaults: everything it needs to know is in the environment.

use aws_sdk_kinesis::operation::get_records::GetRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{ShardIteratorType, StartingPosition, StreamStatus, SubscribeToShardEventStream};
use aws_sdk_kinesis::Client;
use std::error::Error;

type Outcome<A> = Result<A, Box<dyn Error>>;

const STREAM: &str = "rust";

fn say(what: &str) {
    println!("ok {what}");
}

async fn create(kinesis: &Client) -> Outcome<()> {
    kinesis.create_stream().stream_name(STREAM).shard_count(2).send().await?;
    loop {
        let found = kinesis.describe_stream_summary().stream_name(STREAM).send().await?;
        let summary = found.stream_description_summary().expect("a summary");
        if *summary.stream_status() == StreamStatus::Active {
            say("create, wait");
            return Ok(());
        }
    }
}

async fn read(kinesis: &Client, shard: &str) -> Outcome<GetRecordsOutput> {
    let request = kinesis.get_shard_iterator().stream_name(STREAM).shard_id(shard);
    let iterator = request.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
    Ok(kinesis.get_records().set_shard_iterator(iterator.shard_iterator).send().await?)
}

async fn write(kinesis: &Client) -> Outcome<String> {
    let data: Vec<u8> = (0..=255).collect();
    let put = kinesis.put_record().stream_name(STREAM).partition_key("ключ").explicit_hash_key("0");
    let shard = put.data(Blob::new(data.clone())).send().await?.shard_id;
    let page = read(kinesis, &shard).await?;
    assert_eq!(page.records().len(), 1);
    assert_eq!(page.records()[0].data().as_ref(), data);
    assert_eq!(page.records()[0].partition_key(), Some("ключ"));
    say("put, read");
    Ok(shard)
}

async fn reshard(kinesis: &Client, shard: &str) -> Outcome<()> {
    let middle = (1u128 << 126).to_string();
    kinesis.split_shard().stream_name(STREAM).shard_to_split(shard).new_starting_hash_key(middle).send().await?;
    let end = read(kinesis, shard).await?;
    assert_eq!((end.next_shard_iterator(), end.child_shards().len()), (None, 2));
    assert_eq!(kinesis.list_shards().stream_name(STREAM).send().await?.shards().len(), 4);
    say("reshard, list");
    Ok(())
}

async fn fan_out(kinesis: &Client, shard: &str) -> Outcome<()> {
    let found = kinesis.describe_stream_summary().stream_name(STREAM).send().await?;
    let arn = found.stream_description_summary().expect("a summary").stream_arn().to_owned();
    let registered = kinesis.register_stream_consumer().stream_arn(arn).consumer_name("app").send().await?;
    let consumer = registered.consumer().expect("a consumer").consumer_arn().to_owned();
    let start = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
    let request = kinesis.subscribe_to_shard().consumer_arn(consumer).shard_id(shard).starting_position(start);
    let mut events = request.send().await?.event_stream;
    let mut records = 0;
    while let Some(event) = events.recv().await? {
        if let SubscribeToShardEventStream::SubscribeToShardEvent(found) = event {
            records += found.records().len();
        }
    }
    assert_eq!(records, 1);
    say("fan-out, to the end of the shard");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let kinesis = Client::new(&aws_config::load_from_env().await);
    create(&kinesis).await?;
    let shard = write(&kinesis).await?;
    reshard(&kinesis, &shard).await?;
    fan_out(&kinesis, &shard).await
}
