/** An SDK client, as far as its calls go by it. */
export interface Caller {
  readonly config: object
}

/** What is known of the way to a service. */
export interface Contact {
  /** Of the last request, such as `https:`; undefined before the first. */
  readonly protocol: string | undefined
  /** Whether anything has ever answered a request of the client. */
  readonly hasAnswered: boolean
}

const none: Contact = { protocol: undefined, hasAnswered: false }

const contacts = new WeakMap<object, Contact>()

/** What the calls of a client have shown so far. */
export const of = ({ config }: Caller): Contact => contacts.get(config) ?? none

/** Notes that a request is sent. */
export const tried = (caller: Caller, protocol: string | undefined): void => {
  const { hasAnswered } = of(caller)
  if (!hasAnswered) contacts.set(caller.config, { protocol, hasAnswered })
}

/** Notes that an answer came, whatever it says. */
export const answered = (caller: Caller): void => {
  const { hasAnswered, protocol } = of(caller)
  if (!hasAnswered) contacts.set(caller.config, { protocol, hasAnswered: true })
}
