import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { SubscribeToShardEvent } from "../../KinesisApi.js"
import type { KinesisError } from "../../KinesisError.js"
import type { KinesisRecord } from "../../KinesisRecord.js"
import type { Page } from "../../Page.js"
import * as RecordsSummary from "../record/recordsSummary.js"
import * as PollState from "../shard/pollState.js"
import * as SubscribeState from "../shard/subscribeState.js"
import * as Interruption from "./interruption.js"
import * as PageAssembly from "./pageAssembly.js"
import type { PageSource } from "./pageSource.js"
import * as Poller from "./poller.js"
import type { Pushes } from "./pushes.js"
import * as ReadAhead from "./readAhead.js"
import * as Signal from "./signal.js"
import * as Subscription from "./subscription.js"

type Next = Poller.Next

type Subscriber = Subscription.Subscribed

// ---------------------------------------------------------------------------------------------------------------------
// Pages of a subscription
//
// What is pushed and what is polled are the pages of one poller: both move the same position, and so each goes on where
// the other has come to. While the shard cannot be subscribed to it is polled; with the first event of a subscription a
// poll under way is given up, or its page is handed on if it has come by then. Records that were read already are
// dropped from an event, since a subscription may begin before them.
// ---------------------------------------------------------------------------------------------------------------------

/** The pages of a poller's shard, pushed where possible. */
export const source = (poller: Poller.Poller, pushes: Pushes): PageSource => {
  const self: Subscriber = {
    poller,
    pushes,
    changed: Signal.make(),
    dropped: Signal.make(),
    state: SubscribeState.start,
    live: undefined,
    since: poller.context.monotonicMillis(),
    isUnavailable: false,
    retries: { throttled: undefined, transient: undefined },
    failure: undefined,
    isLost: false,
    fiber: undefined
  }
  const polling = Poller.source(poller)
  return {
    next: Effect.suspend(() => begun(self, polling)),
    close: Effect.suspend(() =>
      Effect.zipRight(self.fiber === undefined ? Effect.void : Fiber.interrupt(self.fiber), polling.close)
    )
  }
}

const begun = (self: Subscriber, polling: PageSource): Next => {
  if (self.fiber !== undefined || self.poller.poll.ended) return nextPage(self, polling)
  return Effect.zipRight(keptSubscribed(self), Effect.suspend(() => nextPage(self, polling)))
}

/** Nothing comes between the fiber and the note by which it is ended. */
const keptSubscribed = (self: Subscriber): Effect.Effect<void> =>
  Effect.uninterruptible(Effect.map(Effect.forkDaemon(Effect.interruptible(Subscription.keep(self))), (fiber) => {
    self.fiber = fiber
  }))

const nextPage = (self: Subscriber, polling: PageSource): Next => {
  const { failure, isLost, live, poller } = self
  if (isLost || Poller.isEnough(poller)) return Poller.over
  if (poller.poll.ended) return Poller.end(poller, false)
  if (failure !== undefined) return Effect.failCause(Cause.map(failure, Option.some))
  if (live !== undefined) return pushed(self, live, polling)
  return Subscription.isBridged(self) ? polled(self, polling) : waiting(self, polling)
}

const hasNews = ({ failure, isLost, live }: Subscriber): boolean =>
  live !== undefined || failure !== undefined || isLost

const waiting = (self: Subscriber, polling: PageSource): Next => {
  const news = self.changed.waitUntil(() => hasNews(self) || Subscription.isBridged(self))
  const timed = self.pushes.whileUnavailable === "wait" || self.state.connection._tag === "Live"
    ? news
    : Effect.raceFirst(news, Effect.sleep(Subscription.millisToBridge(self)))
  return Effect.zipRight(timed, Effect.suspend(() => nextPage(self, polling)))
}

/** Whether the answer to a poll has come: its page may take a while to be told of, and a subscription may begin after it by now. */
const hasCome = (
  { poller: { poll: { ended, lastSequenceNumber } } }: Subscriber,
  before: PollState.PollState
): boolean => ended || lastSequenceNumber !== before.lastSequenceNumber

/** A page of polling, unless a subscription brings its first event before. The poll is over when this is, however it ends. */
const polled = (self: Subscriber, polling: PageSource): Next =>
  Effect.suspend(() => {
    const { given, poll } = self.poller
    const news = self.changed.waitUntil(() => hasNews(self) && !hasCome(self, poll))
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.fork(Effect.interruptible(polling.next)), (call) =>
        restore(Effect.raceFirst(Effect.asVoid(Fiber.await(call)), news)).pipe(
          Effect.onInterrupt(() =>
            Fiber.interrupt(call)
          ),
          Effect.zipRight(Fiber.interrupt(call))
        ))
    ).pipe(Effect.flatMap((exit) => {
      if (!Exit.isInterrupted(exit)) return taken(self, exit)
      if (!hasNews(self)) return Exit.mapErrorCause(exit, Interruption.asDefect)
      ReadAhead.close(self.poller.share)
      self.poller.poll = poll
      self.poller.given = given
      return nextPage(self, polling)
    }))
  })

const taken = (self: Subscriber, exit: Exit.Exit<Page, Option.Option<KinesisError>>): Next => {
  if (Exit.isSuccess(exit)) {
    self.state = SubscribeState.polled(self.state, exit.value.records.length > 0)
    self.dropped.tell()
  }
  return exit
}

const pushed = (self: Subscriber, live: Subscription.Live, polling: PageSource): Next => {
  const announced = live.announced === undefined
    ? Subscription.announced(self, live.subscription)
    : Effect.succeed(live.announced)
  return Effect.matchEffect(announced, {
    onSuccess: (bytes) => takeEvent(self, live, bytes, polling),
    onFailure: (why) => dropped(self, live, why, polling)
  })
}

const dropped = (
  self: Subscriber,
  live: Subscription.Live,
  why: Option.Option<KinesisError>,
  polling: PageSource
): Next =>
  Effect.zipRight(
    Subscription.over(self, live, why),
    Effect.suspend(() => {
      Subscription.release(self)
      return nextPage(self, polling)
    })
  )

/** What a payload in JSON, whose data are in Base64, has of bytes. */
const bytesOf = (payload: number): number => Math.ceil(payload * 0.75)

/** Why an event brought no page: the subscription is broken, or a call failed that the event's aggregates need. */
interface Unread {
  readonly _tag: "Broken" | "CallFailed"
  readonly error: KinesisError
}

const unread = (_tag: Unread["_tag"]) => (error: KinesisError): Unread => ({ _tag, error })

const takeEvent = (self: Subscriber, live: Subscription.Live, bytes: number, polling: PageSource): Next => {
  const { poller } = self
  const { context, share } = poller
  const askedAt = context.monotonicMillis()
  const askedAtServer = context.epochMillis() - context.skew.millis
  live.announced = bytes
  share.nextBytes = bytesOf(bytes)
  const event = Effect.suspend(() => {
    live.announced = undefined
    share.nextBytes = undefined
    return Effect.mapError(Subscription.event(self, live.subscription), unread("Broken"))
  })
  const fetched = Effect.flatMap(
    event,
    (event) => Effect.mapError(received(self, event, { askedAt, askedAtServer }), unread("CallFailed"))
  )
  return Effect.matchEffect(ReadAhead.fetching(share, fetched), {
    onSuccess: ({ page }) => Poller.checked(poller, page),
    onFailure: ({ _tag, error }): Next =>
      _tag === "Broken" ? dropped(self, live, Option.some(error), polling) : Effect.fail(Option.some(error))
  })
}

type Asked = Pick<PageAssembly.Answer, "askedAt" | "askedAtServer">

/** The page of an event. It fails only with calls that aggregates need, after they were repeated as long as the retry schedule says. */
const received = (
  self: Subscriber,
  event: SubscribeToShardEvent,
  asked: Asked
): Effect.Effect<ReadAhead.Fetched, KinesisError> => {
  const { poller } = self
  const { context, shard } = poller
  const { childShards = [], millisBehindLatest } = event
  const records = PollState.notRead(poller.poll, event.records)
  const answer = { records, childShards, millisBehindLatest, summary: RecordsSummary.of(records), ...asked }
  const users = context.retrying(PageAssembly.withUserRecords(context, shard, answer, Effect.succeed))
  return Effect.flatMap(users, (users) => {
    const fetched = paged(self, answer, users)
    const told = PageAssembly.tell(context, fetched)
    return Effect.as(Effect.zipRight(told, moved(self, event.continuationSequenceNumber)), fetched)
  })
}

const paged = (
  { poller }: Subscriber,
  answer: PageAssembly.Answer,
  userRecords: ReadonlyArray<KinesisRecord>
): ReadAhead.Fetched => {
  const { childShards, millisBehindLatest } = answer
  const records = PollState.unread(poller.poll, userRecords)
  poller.poll = PollState.step(poller.poll, {
    _tag: "EventReceived",
    lastSequenceNumber: answer.records.at(-1)?.sequenceNumber,
    isParent: PollState.areChildren(childShards, poller.shard.shardId),
    childShards,
    millisBehindLatest
  })
  return Poller.give(poller, answer, records)
}

/** The subscription goes on after this, or this was its last event: the shard's, if that has named its children. */
const moved = (self: Subscriber, continuation: string | null | undefined): Effect.Effect<void> => {
  const goesOn = continuation !== undefined && continuation !== null && continuation !== ""
  self.state = SubscribeState.eventReceived(self.state, goesOn ? continuation : undefined)
  const { live, poller: { poll } } = self
  if (live === undefined || (goesOn && !poll.ended)) return Effect.void
  return Effect.zipRight(
    Subscription.over(self, live, Option.none()),
    Effect.sync(() => {
      if (!poll.ended) self.state = SubscribeState.doubted(self.state)
      Subscription.release(self)
    })
  )
}
