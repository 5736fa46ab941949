/** Which session the streams of one origin go to. A session is one connection, which many streams share. */
export interface Session {
  /** Whether the peer has said how many streams it takes: before that it gets none. */
  isOpen: boolean
  /** It takes no further streams; those that it has go on. */
  isClosing: boolean
  streams: number
  limit: number
}

export interface State<S extends Session, Call> {
  readonly sessions: Set<S>
  /** Calls that want a stream, in their order. */
  readonly waiting: Array<Call>
  /** Calls that have a stream, and no answer. */
  underWay: number
  /** How many streams a session takes, by what the last one said. */
  usual: number
}

/** The calls that a peer gets at once: a thousand subscriptions may end in the same minute. */
export const mostUnderWay = 50

/** The streams of a session, however many the peer takes: what ends with one connection, and waits for its packets, are no more. */
export const mostStreams = 64

export const make = <S extends Session, Call>(): State<S, Call> => ({
  sessions: new Set(),
  waiting: [],
  underWay: 0,
  usual: mostStreams
})

/** What a session is when its connection is being made. */
export const connecting = (): Session => ({ isOpen: false, isClosing: false, streams: 0, limit: 0 })

/** What is to be done now. */
export type Step<S, Call> =
  /** The call has a stream of the session. */
  | { readonly _tag: "Assign"; readonly call: Call; readonly session: S }
  /** A session is to be connected. */
  | { readonly _tag: "Connect" }

/** What is to be done now; undefined when there is nothing more. */
export const next = <S extends Session, Call>(self: State<S, Call>): Step<S, Call> | undefined => {
  const wanted = Math.min(self.waiting.length, mostUnderWay - self.underWay)
  if (wanted <= 0) return undefined
  const session = leastLoaded(self.sessions)
  if (session === undefined) return wanted > roomToCome(self) ? { _tag: "Connect" } : undefined
  session.streams++
  self.underWay++
  return { _tag: "Assign", call: self.waiting.shift()!, session }
}

const leastLoaded = <S extends Session>(sessions: Iterable<S>): S | undefined => {
  let least: S | undefined
  for (const session of sessions) {
    const hasRoom = session.isOpen && !session.isClosing && session.streams < session.limit
    if (hasRoom && (least === undefined || session.streams < least.streams)) least = session
  }
  return least
}

const isConnecting = ({ isClosing, isOpen }: Session): boolean => !isClosing && !isOpen

/** How many streams those sessions will take that are being connected. */
const roomToCome = <S extends Session>({ sessions, usual }: State<S, unknown>): number => {
  let room = 0
  for (const session of sessions) if (isConnecting(session)) room += usual
  return room
}

/** The peer has said how many streams a session takes. */
export const limited = <S extends Session>(self: State<S, unknown>, session: S, most: number): void => {
  session.isOpen = true
  session.limit = Math.max(1, Math.min(mostStreams, most))
  self.usual = session.limit
}

/** A call was answered, or has failed. */
export const answered = (self: State<Session, unknown>): void => {
  self.underWay--
}

/** A call no longer wants a stream. */
export const withdrawn = <Call>({ waiting }: State<Session, Call>, call: Call): void => {
  const at = waiting.indexOf(call)
  if (at >= 0) waiting.splice(at, 1)
}

/**
 * A session is no longer there. Gives the calls that fail with it: all that wait, if it could not be connected and no other is being
 * connected. The stream of a call that has one tells by itself.
 */
export const lost = <S extends Session, Call>(self: State<S, Call>, session: S): ReadonlyArray<Call> => {
  self.sessions.delete(session)
  const isHopeless = !session.isOpen && ![...self.sessions].some(isConnecting)
  return isHopeless ? self.waiting.splice(0) : []
}
