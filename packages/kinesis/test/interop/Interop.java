import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.client.config.SdkClientConfiguration;
import software.amazon.awssdk.core.client.config.SdkClientOption;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.protocols.cbor.AwsCborProtocolFactory;
import software.amazon.awssdk.protocols.core.OperationInfo;
import software.amazon.awssdk.protocols.json.AwsJsonProtocol;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.kinesis.retrieval.AggregatorUtil;
import software.amazon.kinesis.retrieval.KinesisClientRecord;

/**
 * Amazon's Java SDK as the other side of the wire: writes and reads through the server at args[0], whose answers are ours, and prints what it
 * made of them; then prints answers as Amazon's own codec writes them, and what Amazon's Kinesis Client Library makes of the records in the file
 * args[1].
 */
public class Interop {
  static final String STREAM = "orders";
  static final Instant INSTANT = Instant.ofEpochMilli(1763942400123L);

  static String hex(SdkBytes bytes) {
    return HexFormat.of().formatHex(bytes.asByteArray());
  }

  static SdkBytes allBytes() {
    byte[] bytes = new byte[256];
    for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) i;
    return SdkBytes.fromByteArray(bytes);
  }

  static void say(String what, Object value) {
    System.out.println(what + "\t" + value);
  }

  static void failure(String what, Runnable call) {
    try {
      call.run();
      say(what, "no error");
    } catch (KinesisException error) {
      say(what, error.getClass().getSimpleName() + ": " + error.awsErrorDetails().errorMessage());
    }
  }

  static String describe(Record record) {
    return String.join(" ", record.sequenceNumber(), record.partitionKey(),
      String.valueOf(record.approximateArrivalTimestamp().toEpochMilli()), hex(record.data()));
  }

  static void calls(KinesisClient kinesis) {
    PutRecordResponse put = kinesis.putRecord(request -> request.streamName(STREAM).partitionKey("ключ \"1\"")
      .explicitHashKey("340282366920938463463374607431768211455").data(allBytes()));
    say("putRecord", put.shardId() + " " + put.sequenceNumber());
    PutRecordsResponse puts = kinesis.putRecords(request -> request.streamName(STREAM).records(
      PutRecordsRequestEntry.builder().partitionKey("a").data(SdkBytes.fromUtf8String("kettle")).build(),
      PutRecordsRequestEntry.builder().partitionKey("b").data(SdkBytes.fromByteArray(new byte[0])).build(),
      PutRecordsRequestEntry.builder().partitionKey("c").data(SdkBytes.fromByteArray(new byte[300])).build()));
    say("putRecords", puts.failedRecordCount() + " " + puts.records().stream()
      .map(entry -> entry.errorCode() == null ? entry.sequenceNumber() : entry.errorCode() + ": " + entry.errorMessage())
      .collect(Collectors.joining(" ")));
    ListShardsResponse shards = kinesis.listShards(request -> request.streamName(STREAM).maxResults(7)
      .shardFilter(filter -> filter.type(ShardFilterType.FROM_TIMESTAMP).timestamp(INSTANT)));
    say("listShards", shards.nextToken() + " " + shards.shards().stream().map(shard -> shard.shardId() + " "
      + shard.parentShardId() + " " + shard.hashKeyRange().startingHashKey() + " "
      + shard.sequenceNumberRange().endingSequenceNumber()).collect(Collectors.joining(" ")));
    String iterator = kinesis.getShardIterator(request -> request.streamName(STREAM).shardId("shardId-000000000000")
      .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(INSTANT)).shardIterator();
    say("getShardIterator", iterator);
    GetRecordsResponse page = kinesis.getRecords(request -> request.shardIterator(iterator).limit(10000));
    say("getRecords", page.nextShardIterator() + " " + page.millisBehindLatest() + " " + page.records().stream()
      .map(Interop::describe).collect(Collectors.joining(" ")));
    GetRecordsResponse last = kinesis.getRecords(request -> request.shardIterator("last"));
    say("getRecords last", last.nextShardIterator() + " " + last.childShards().stream().map(child -> child.shardId() + " "
      + child.parentShards() + " " + child.hashKeyRange().endingHashKey()).collect(Collectors.joining(" ")));
    StreamDescriptionSummary summary =
      kinesis.describeStreamSummary(request -> request.streamName(STREAM)).streamDescriptionSummary();
    say("describeStreamSummary", summary.streamARN() + " " + summary.streamStatus() + " "
      + summary.streamCreationTimestamp().toEpochMilli() + " " + summary.retentionPeriodHours());
    failure("expired", () -> kinesis.getRecords(request -> request.shardIterator("expired")));
    failure("throttled", () -> kinesis.getRecords(request -> request.shardIterator("throttled")));
    failure("missing", () -> kinesis.listShards(request -> request.streamName("missing")));
  }

  static Record record(String number, String key, SdkBytes data) {
    return Record.builder().sequenceNumber(number).partitionKey(key).data(data).approximateArrivalTimestamp(INSTANT)
      .encryptionType(EncryptionType.KMS).build();
  }

  /** A body as Amazon's codec writes it: its marshaller takes answers as well as requests. */
  static void marshal(String what, SdkPojo answer) throws Exception {
    SdkClientConfiguration configuration = SdkClientConfiguration.builder()
      .option(SdkClientOption.ENDPOINT, URI.create("http://127.0.0.1")).build();
    AwsCborProtocolFactory factory = AwsCborProtocolFactory.builder().clientConfiguration(configuration)
      .protocol(AwsJsonProtocol.AWS_JSON).protocolVersion("1.1").build();
    OperationInfo operation = OperationInfo.builder().requestUri("/").httpMethod(SdkHttpMethod.POST)
      .hasExplicitPayloadMember(false).hasPayloadMembers(true).operationIdentifier("Kinesis_20131202.GetRecords").build();
    byte[] body = factory.createProtocolMarshaller(operation).marshall(answer).contentStreamProvider().get().newStream()
      .readAllBytes();
    say("marshalled " + what, HexFormat.of().formatHex(body));
  }

  /** The records that Amazon's Kinesis Client Library makes of ours: a line has a partition key in hexadecimal, and data. */
  static void deaggregate(Path file) throws Exception {
    List<KinesisClientRecord> written = Files.readAllLines(file).stream().map(line -> line.split(" "))
      .map(parts -> KinesisClientRecord.builder().sequenceNumber("1")
        .partitionKey(new String(HexFormat.of().parseHex(parts[0]), java.nio.charset.StandardCharsets.UTF_8))
        .data(ByteBuffer.wrap(HexFormat.of().parseHex(parts[1]))).build()).toList();
    say("deaggregated", new AggregatorUtil().deaggregate(written).stream().map(record -> {
      byte[] data = new byte[record.data().remaining()];
      record.data().get(data);
      byte[] key = record.partitionKey().getBytes(java.nio.charset.StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(key) + "/" + record.explicitHashKey() + "/" + record.subSequenceNumber() + "/"
        + HexFormat.of().formatHex(data);
    }).collect(Collectors.joining(" ")));
  }

  public static void main(String[] args) throws Exception {
    deaggregate(Path.of(args[1]));
    try (KinesisClient kinesis = KinesisClient.builder().region(Region.US_EAST_1).endpointOverride(URI.create(args[0]))
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test")))
        .httpClient(UrlConnectionHttpClient.create())
        .overrideConfiguration(overrides -> overrides.retryStrategy(retry -> retry.maxAttempts(1))).build()) {
      calls(kinesis);
    }
    marshal("getRecords", GetRecordsResponse.builder().millisBehindLatest(12L).nextShardIterator("AAA=").records(List.of(
      record("1", "ключ \"1\"", allBytes()), record("2", "b", SdkBytes.fromByteArray(new byte[0])),
      record("3", "c", SdkBytes.fromByteArray(new byte[300])))).build());
    marshal("getRecords last", GetRecordsResponse.builder().millisBehindLatest(0L).records(List.of()).childShards(
      ChildShard.builder().shardId("shardId-000000000001").parentShards("shardId-000000000000")
        .hashKeyRange(range -> range.startingHashKey("0").endingHashKey("9")).build()).build());
    marshal("putRecord", PutRecordResponse.builder().shardId("shardId-000000000000").sequenceNumber("1")
      .encryptionType(EncryptionType.KMS).build());
    marshal("putRecords", PutRecordsResponse.builder().failedRecordCount(1).encryptionType(EncryptionType.KMS).records(
      PutRecordsResultEntry.builder().shardId("shardId-000000000000").sequenceNumber("2").build(),
      PutRecordsResultEntry.builder().errorCode("InternalFailure").errorMessage("not now: é").build()).build());
    marshal("listShards", ListShardsResponse.builder().nextToken("T").shards(Shard.builder().shardId("shardId-000000000000")
      .hashKeyRange(range -> range.startingHashKey("0").endingHashKey("9"))
      .sequenceNumberRange(range -> range.startingSequenceNumber("1")).build()).build());
  }
}
