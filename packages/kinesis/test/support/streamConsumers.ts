import { Effect, type Scope } from "effect"
import type { KinesisClient, KinesisEvent } from "effect-kinesis"
import * as CountedClient from "../../src/internal/reading/countedClient.js"
import { emitter } from "../../src/internal/reading/emit.js"
import * as FanOutSettings from "../../src/internal/reading/fanOutSettings.js"
import * as OutageWatch from "../../src/internal/reading/outageWatch.js"
import * as Retry from "../../src/internal/reading/retry.js"
import * as Settings from "../../src/internal/reading/settings.js"
import * as StreamConsumer from "../../src/internal/reading/streamConsumer.js"

export const streamArn = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"

/** The consumer of one run of a reader, with what it was told of. */
export const consumerOf = (
  client: KinesisClient.Service,
  fanOut: FanOutSettings.FanOut = "billing",
  { askers = 1, ...options }: Partial<Settings.ReadOptions> & { readonly askers?: number } = {}
): Effect.Effect<
  StreamConsumer.StreamConsumer & { readonly events: ReadonlyArray<KinesisEvent.KinesisEvent> },
  never,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const events: Array<KinesisEvent.KinesisEvent> = []
    const settings = Settings.make({ stream: "orders", ...options })
    const emit = emitter({ stream: "orders", onEvent: (event) => Effect.sync(() => void events.push(event)) })
    const outages = yield* OutageWatch.make(OutageWatch.kinesis(settings), emit)
    const reader = {
      client: CountedClient.make(client, "orders"),
      stream: settings.stream,
      emit,
      retrying: Retry.retrying(settings, emit, outages)
    }
    const consumer = yield* StreamConsumer.make(reader, FanOutSettings.make(fanOut)!, () => askers)
    return { ...consumer, events }
  })
