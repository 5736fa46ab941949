import type { ReadContext } from "./context.js"
import type { PageSource, ShardToRead } from "./pageSource.js"
import * as Poller from "./poller.js"
import * as Subscriber from "./subscriber.js"

/** How the pages of a poller's shard come in this run. */
export const of = (poller: Poller.Poller): PageSource => {
  const { pushes } = poller.context
  return pushes === undefined ? Poller.source(poller) : Subscriber.source(poller, pushes)
}

export const make = (context: ReadContext, shard: ShardToRead): PageSource => of(Poller.open(context, shard))
