import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.cloudwatch.CloudWatchAsyncClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.kinesis.common.ConfigsBuilder;
import software.amazon.kinesis.common.InitialPositionInStream;
import software.amazon.kinesis.common.InitialPositionInStreamExtended;
import software.amazon.kinesis.coordinator.Scheduler;
import software.amazon.kinesis.lifecycle.events.InitializationInput;
import software.amazon.kinesis.lifecycle.events.LeaseLostInput;
import software.amazon.kinesis.lifecycle.events.ProcessRecordsInput;
import software.amazon.kinesis.lifecycle.events.ShardEndedInput;
import software.amazon.kinesis.lifecycle.events.ShutdownRequestedInput;
import software.amazon.kinesis.metrics.NullMetricsFactory;
import software.amazon.kinesis.processor.ShardRecordProcessor;
import software.amazon.kinesis.processor.SingleStreamTracker;
import software.amazon.kinesis.retrieval.KinesisClientRecord;
import software.amazon.kinesis.retrieval.RetrievalSpecificConfig;
import software.amazon.kinesis.retrieval.fanout.FanOutConfig;
import software.amazon.kinesis.retrieval.polling.PollingConfig;

/**
 * A worker of the Kinesis Client Library, of whichever version is on the class path, told by arguments of the form name=value. What it does
 * is a line of the ledger: time, what, shard, details, with tabs between. It stops in order when its standard input ends.
 */
public final class Main {
  static final Map<String, String> options = new HashMap<>();
  static PrintStream ledger;

  static int number(String name) {
    return Integer.parseInt(options.get(name));
  }

  static synchronized void tell(String what, String shard, Object... details) {
    ledger.println(Stream.concat(Stream.of(System.currentTimeMillis(), what, shard), Stream.of(details)).map(String::valueOf)
        .collect(Collectors.joining("\t")));
  }

  public static void main(String[] args) throws Exception {
    for (String arg : args) options.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
    ledger = new PrintStream(options.get("ledger"), StandardCharsets.UTF_8);
    var scheduler = scheduler();
    new Thread(scheduler, "scheduler").start();
    while (System.in.read() != -1) {}
    boolean inOrder = false;
    try {
      inOrder = scheduler.startGracefulShutdown().get(number("stopMillis"), TimeUnit.MILLISECONDS);
    } catch (Exception e) {
      tell("failed", "-", "stop: " + e);
    }
    tell("stopped", "-", inOrder);
    System.exit(0);
  }

  static Scheduler scheduler() {
    var kinesis = reach(KinesisAsyncClient.builder(), "kinesis").build();
    var dynamodb = reach(DynamoDbAsyncClient.builder(), "dynamodb").build();
    var cloudwatch = reach(CloudWatchAsyncClient.builder(), "dynamodb").build();
    var stream = options.get("stream");
    var from = InitialPositionInStreamExtended.newInitialPosition(InitialPositionInStream.valueOf(options.get("from")));
    var configs = new ConfigsBuilder(new SingleStreamTracker(stream, from), options.get("application"), kinesis, dynamodb, cloudwatch,
        options.get("worker"), Processor::new);
    return new Scheduler(configs.checkpointConfig(), configs.coordinatorConfig().parentShardPollIntervalMillis(1000),
        configs.leaseManagementConfig().failoverTimeMillis(number("leaseMillis")).initialPositionInStream(from).shardSyncIntervalMillis(1000),
        configs.lifecycleConfig(), configs.metricsConfig().metricsFactory(new NullMetricsFactory()), configs.processorConfig(),
        configs.retrievalConfig().retrievalSpecificConfig(retrieval(stream, kinesis)));
  }

  static RetrievalSpecificConfig retrieval(String stream, KinesisAsyncClient kinesis) {
    return options.get("reading").equals("fan-out")
        ? new FanOutConfig(kinesis).streamName(stream).applicationName(options.get("application"))
        : new PollingConfig(stream, kinesis).idleTimeBetweenReadsInMillis(500);
  }

  static <B extends AwsClientBuilder<B, C> & AwsAsyncClientBuilder<B, C>, C> B reach(B builder, String service) {
    return builder.endpointOverride(URI.create(options.get(service))).region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("000000000000", "secret")));
  }

  @FunctionalInterface
  interface Step {
    void run() throws Exception;
  }

  static final class Processor implements ShardRecordProcessor {
    String shard;
    int handled;

    void attempt(Step step) {
      try {
        step.run();
      } catch (Exception e) {
        tell("failed", shard, e);
      }
    }

    @Override
    public void initialize(InitializationInput input) {
      shard = input.shardId();
      tell("began", shard, input.extendedSequenceNumber().sequenceNumber());
    }

    @Override
    public void processRecords(ProcessRecordsInput input) {
      attempt(() -> {
        for (KinesisClientRecord record : input.records()) {
          if (handled == number("stopAfter")) return;
          tell("record", shard, record.sequenceNumber(), record.subSequenceNumber(), record.partitionKey(),
              StandardCharsets.UTF_8.decode(record.data()));
          Thread.sleep(number("pauseMillis"));
          if (++handled == number("stopAfter")) input.checkpointer().checkpoint(record.sequenceNumber(), record.subSequenceNumber());
        }
        if (!input.records().isEmpty() && handled != number("stopAfter")) input.checkpointer().checkpoint();
      });
    }

    @Override
    public void leaseLost(LeaseLostInput input) {
      tell("lost", shard);
    }

    @Override
    public void shardEnded(ShardEndedInput input) {
      attempt(() -> {
        input.checkpointer().checkpoint();
        tell("ended", shard);
      });
    }

    @Override
    public void shutdownRequested(ShutdownRequestedInput input) {
      attempt(() -> {
        if (handled != number("stopAfter")) input.checkpointer().checkpoint();
        tell("released", shard);
      });
    }
  }
}
