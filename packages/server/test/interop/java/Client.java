import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.awssdk.services.kinesis.model.Record;

/** Amazon's SDK for Java on its defaults, in CBOR: everything it needs to know is in the environment. */
public class Client {
  static final String STREAM = "java";

  static void say(String what) {
    System.out.println("ok " + what);
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static GetRecordsResponse read(KinesisClient kinesis, String shardId) {
    String iterator = kinesis.getShardIterator(request -> request.streamName(STREAM).shardId(shardId)
      .shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    return kinesis.getRecords(request -> request.shardIterator(iterator));
  }

  static String write(KinesisClient kinesis) {
    kinesis.createStream(request -> request.streamName(STREAM).shardCount(2));
    kinesis.waiter().waitUntilStreamExists(request -> request.streamName(STREAM));
    say("create, wait");
    byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
    String shardId = kinesis.putRecord(request -> request.streamName(STREAM).partitionKey("ключ").explicitHashKey("0")
      .data(SdkBytes.fromByteArray(bytes))).shardId();
    List<PutRecordsRequestEntry> entries = IntStream.range(0, 10).mapToObj(i -> PutRecordsRequestEntry.builder()
      .partitionKey("" + i).explicitHashKey("0").data(SdkBytes.fromByteArray(new byte[] {(byte) i})).build()).toList();
    check(kinesis.putRecords(request -> request.streamName(STREAM).records(entries)).failedRecordCount() == 0, "put");
    GetRecordsResponse page = read(kinesis, shardId);
    check(page.records().size() == 11 && page.records().get(0).data().asByteArray().length == 256, "records");
    check(page.records().get(0).partitionKey().equals("ключ"), "key");
    long age = System.currentTimeMillis() - page.records().get(0).approximateArrivalTimestamp().toEpochMilli();
    check(Math.abs(age) < 60_000, "arrival " + age);
    say("put, read");
    return shardId;
  }

  static void reshard(KinesisClient kinesis, String shardId) {
    String middle = BigInteger.TWO.pow(126).toString();
    kinesis.splitShard(request -> request.streamName(STREAM).shardToSplit(shardId).newStartingHashKey(middle));
    GetRecordsResponse end = read(kinesis, shardId);
    check(end.nextShardIterator() == null && end.childShards().size() == 2, "end of the shard");
    check(kinesis.listShards(request -> request.streamName(STREAM)).shards().size() == 4, "shards");
    check(kinesis.listStreamsPaginator().streamNames().stream().anyMatch(STREAM::equals), "streams");
    say("reshard, list");
  }

  static void fanOut(KinesisClient kinesis, String shardId) throws Exception {
    String arn = kinesis.describeStreamSummary(request -> request.streamName(STREAM)).streamDescriptionSummary().streamARN();
    String consumer = kinesis.registerStreamConsumer(request -> request.streamARN(arn).consumerName("app")).consumer()
      .consumerARN();
    List<Record> records = new ArrayList<>();
    try (KinesisAsyncClient async = KinesisAsyncClient.create()) {
      async.subscribeToShard(
        request -> request.consumerARN(consumer).shardId(shardId)
          .startingPosition(start -> start.type(ShardIteratorType.TRIM_HORIZON)),
        SubscribeToShardResponseHandler.builder().subscriber(event -> {
          if (event instanceof SubscribeToShardEvent found) records.addAll(found.records());
        }).build()
      ).get(60, TimeUnit.SECONDS);
    }
    check(records.size() == 11, "records by fan-out: " + records.size());
    say("fan-out over HTTP/2, to the end of the shard");
  }

  public static void main(String[] args) throws Exception {
    try (KinesisClient kinesis = KinesisClient.create()) {
      String shardId = write(kinesis);
      reshard(kinesis, shardId);
      fanOut(kinesis, shardId);
      try {
        kinesis.describeStream(request -> request.streamName("gone"));
        throw new AssertionError("no error");
      } catch (ResourceNotFoundException error) {
        check(error.awsErrorDetails().errorMessage().startsWith("Stream gone under account"), "message");
      }
      kinesis.deleteStream(request -> request.streamName(STREAM).enforceConsumerDeletion(true));
      say("errors, delete");
    }
  }
}
