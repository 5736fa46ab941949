import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { KinesisError } from "../../KinesisError.js"
import type { Page } from "../../Page.js"
import * as ReadContext from "./context.js"
import * as Drive from "./drive.js"
import * as Interruption from "./interruption.js"
import type { ShardToRead } from "./pageSource.js"
import * as Poller from "./poller.js"
import * as Sources from "./sources.js"

/** The pages of a shard, each requested when it is pulled: a loop that the consumer drives. Each run of the stream reads from the start. */
export const make = (context: ReadContext.ReadContext, shard: ShardToRead): Stream.Stream<Page, KinesisError> =>
  Stream.unwrap(Effect.map(Drive.begin(context, shard), () => {
    const poller = Poller.open(context, shard)
    const source = Sources.of(poller)
    const pages = Stream.ensuring(Stream.repeatEffectOption(source.next), source.close)
    return context.deadline === Infinity
      ? pages
      : pages.pipe(
        Stream.interruptAfter(Math.max(0, context.deadline - context.monotonicMillis())),
        Stream.concat(
          Stream.suspend(() => poller.isAtEnd ? Stream.empty : Stream.execute(ReadContext.outageOf(context)))
        )
      )
  })).pipe(Stream.catchAllCause((cause) => Stream.failCause(Interruption.asDefect(cause))))
