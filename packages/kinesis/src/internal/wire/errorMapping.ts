import * as Errors from "../../KinesisError.js"
import { printable } from "../text/causes.js"
import { messageOf } from "../text/describe.js"
import * as Advice from "./advice.js"
import { isClockRight } from "./answers.js"
import * as Contact from "./contact.js"
import * as Credentials from "./credentials.js"

/** What is known of a failed call without asking it. */
export interface Call {
  /** The client that made it: what is said depends on whether anything has ever answered it. */
  readonly sdk?: Contact.Caller | undefined
  /** Whose operation it is, as IAM has it. Default: `"kinesis"`. */
  readonly service?: string | undefined
  /** The API's name of the operation. */
  readonly operation: string
  /** Name or ARN of the stream. */
  readonly stream?: string | undefined
  /** The shard, if the call is about one. */
  readonly shardId?: string | undefined
  /** What the call is on when that is no stream, such as `table orders`: the description begins with it. */
  readonly resource?: string | undefined
  /** What the service's own exceptions are, by their names. */
  readonly exceptions?: Readonly<Record<string, Exception>> | undefined
}

/** What an exception of another service than Kinesis is: a throttle of throughput or of calls, or an error by its tag. */
export type Exception =
  | "limit"
  | "throughput"
  | "ResourceNotFound"
  | "ResourceInUse"
  | "InvalidArgument"
  | "AccessDenied"
  | "RequestTimeout"
  | "ServiceUnavailable"

type Kind = Exception | "kms" | "iterator" | "token" | "clock" | "CredentialsUnavailable" | "KmsError"

const kinds = new Map<string, Kind>(Object.entries({
  ProvisionedThroughputExceededException: "throughput",
  KMSThrottlingException: "kms",
  BandwidthLimitExceeded: "limit",
  EC2ThrottledException: "limit",
  LimitExceededException: "limit",
  PriorRequestNotComplete: "limit",
  RequestLimitExceeded: "limit",
  RequestThrottled: "limit",
  RequestThrottledException: "limit",
  SlowDown: "limit",
  ThrottledException: "limit",
  Throttling: "limit",
  ThrottlingException: "limit",
  TooManyRequestsException: "limit",
  TransactionInProgressException: "limit",
  ExpiredIteratorException: "iterator",
  ExpiredNextTokenException: "token",
  ResourceNotFoundException: "ResourceNotFound",
  ResourceInUseException: "ResourceInUse",
  InvalidArgumentException: "InvalidArgument",
  SerializationException: "InvalidArgument",
  ValidationException: "InvalidArgument",
  CborRefused: "InvalidArgument",
  AccessDenied: "AccessDenied",
  AccessDeniedException: "AccessDenied",
  AuthFailure: "AccessDenied",
  ExpiredToken: "AccessDenied",
  ExpiredTokenException: "AccessDenied",
  IncompleteSignatureException: "AccessDenied",
  InvalidClientTokenId: "AccessDenied",
  InvalidSignatureException: "AccessDenied",
  MissingAuthenticationToken: "AccessDenied",
  MissingAuthenticationTokenException: "AccessDenied",
  SignatureDoesNotMatch: "AccessDenied",
  UnrecognizedClientException: "AccessDenied",
  RequestExpired: "clock",
  RequestInTheFuture: "clock",
  RequestTimeTooSkewed: "clock",
  CredentialsProviderError: "CredentialsUnavailable",
  ProviderError: "CredentialsUnavailable",
  TokenProviderError: "CredentialsUnavailable",
  KMSAccessDeniedException: "KmsError",
  KMSDisabledException: "KmsError",
  KMSInvalidStateException: "KmsError",
  KMSNotFoundException: "KmsError",
  KMSOptInRequired: "KmsError",
  RequestTimeout: "RequestTimeout",
  RequestTimeoutException: "RequestTimeout",
  TimeoutError: "RequestTimeout",
  ETIMEDOUT: "RequestTimeout",
  InternalFailure: "ServiceUnavailable",
  InternalFailureException: "ServiceUnavailable",
  InternalServerError: "ServiceUnavailable",
  ServiceUnavailable: "ServiceUnavailable",
  ServiceUnavailableException: "ServiceUnavailable",
  EAI_AGAIN: "ServiceUnavailable",
  ECONNABORTED: "ServiceUnavailable",
  ECONNREFUSED: "ServiceUnavailable",
  ECONNRESET: "ServiceUnavailable",
  EHOSTUNREACH: "ServiceUnavailable",
  ENETUNREACH: "ServiceUnavailable",
  ENOTFOUND: "ServiceUnavailable",
  EPIPE: "ServiceUnavailable"
}))

type Reason = Errors.AccessDenied["reason"]

const reasons = new Map<string, Reason>(Object.entries({
  AccessDenied: "permission",
  AccessDeniedException: "permission",
  AuthFailure: "credentials",
  ExpiredToken: "expired",
  ExpiredTokenException: "expired",
  IncompleteSignatureException: "signature",
  InvalidClientTokenId: "credentials",
  InvalidSignatureException: "signature",
  MissingAuthenticationToken: "credentials",
  MissingAuthenticationTokenException: "credentials",
  SignatureDoesNotMatch: "signature",
  UnrecognizedClientException: "credentials"
}))

const field = (value: unknown, name: string): unknown => {
  if (typeof value !== "object" || value === null) return undefined
  try {
    return Reflect.get(value, name)
  } catch {
    return undefined
  }
}

const textOf = (value: unknown): string => typeof value === "string" ? value : ""

const membersOf = (value: unknown): ReadonlyArray<unknown> => {
  try {
    return Array.isArray(value) ? [...value] : []
  } catch {
    return []
  }
}

/** What is read of an error, which may be anything that was thrown. */
interface Raised {
  readonly error: object
  readonly name: string
  readonly code: string
  readonly message: string
  readonly status: number | undefined
  /** The SDK has set its clock by the refusal, and the request was signed by another: the next one will be signed for the service's time. */
  readonly isCorrected: boolean
  /** What the service's model says of a repetition. */
  readonly retryable: "limit" | "ServiceUnavailable" | undefined
}

const read = (error: object): Raised => {
  const metadata = field(error, "$metadata")
  const status = field(metadata, "httpStatusCode")
  const trait = field(error, "$retryable")
  return {
    error,
    name: textOf(field(error, "name")),
    code: textOf(field(error, "code")),
    message: textOf(field(error, "message")),
    status: typeof status === "number" ? status : undefined,
    isCorrected: field(metadata, "clockSkewCorrected") === true && !isClockRight(error),
    retryable: typeof trait !== "object" || trait === null
      ? undefined
      : field(trait, "throttling") === true
      ? "limit"
      : "ServiceUnavailable"
  }
}

/** What Node does for a connection, before anything can be sent. */
const beforeSending: ReadonlyArray<unknown> = ["connect", "getaddrinfo"]

/** The request had no effect: it was not sent, or not looked at. */
const isUnsent = ({ error }: Raised): boolean =>
  field(error, "unsent") === true || beforeSending.includes(field(error, "syscall"))

const maxDepth = 10

/** The error and what caused it, the deepest first. */
const causes = (error: unknown, seen = new Set<object>(), depth = 0): ReadonlyArray<Raised> => {
  if (typeof error !== "object" || error === null || seen.has(error) || depth === maxDepth) return []
  seen.add(error)
  const inner = [field(error, "cause"), ...membersOf(field(error, "errors"))]
  return [...inner.flatMap((cause) => causes(cause, seen, depth + 1)), read(error)]
}

/** The request lay too long before it was sent, or this machine's clock is wrong. */
const isOfTime = ({ isCorrected, message }: Raised): boolean =>
  isCorrected || /signature (has )?expired|signature not yet current/i.test(message)

/** What the errors of a call are, by their names. */
type Names = ReadonlyMap<string, Kind>

const namesOf = ({ exceptions }: Call): Names =>
  exceptions === undefined ? kinds : new Map([...kinds, ...Object.entries(exceptions)])

const named = (names: Names, error: Raised): Kind | undefined => {
  const kind = names.get(error.code) ?? names.get(error.name)
  return kind === "AccessDenied" && isOfTime(error) ? "clock" : kind
}

const byStatus = ({ retryable, status }: Raised): Kind | undefined => {
  if (retryable !== undefined) return retryable
  if (status === undefined || status < 400) return undefined
  if (status >= 500) return "ServiceUnavailable"
  switch (status) {
    case 401:
    case 403:
      return "AccessDenied"
    case 408:
      return "RequestTimeout"
    case 421:
    case 425:
      return "ServiceUnavailable"
    case 429:
      return "limit"
    default:
      return "InvalidArgument"
  }
}

/** Nothing was sent, and nothing will be until the settings change. */
const isMisconfigured = ({ error, message }: Raised): boolean =>
  field(error, "$metadata") === undefined && /^(Region is missing|Region not accepted|Invalid URL)/.test(message)

/** The error that tells most of a chain, and what it is. */
const judge = (names: Names, chain: ReadonlyArray<Raised>): readonly [Kind, Raised | undefined] => {
  const unobtained = chain.find(({ error }) => Credentials.refusalOf(error) !== undefined)
  if (unobtained !== undefined) return ["CredentialsUnavailable", unobtained]
  const known = chain.find((error) => named(names, error) !== undefined) ??
    chain.find((error) => byStatus(error) !== undefined)
  if (known !== undefined) return [named(names, known) ?? byStatus(known)!, known]
  const misconfigured = chain.find(isMisconfigured)
  return misconfigured === undefined ? ["ServiceUnavailable", chain.at(-1)] : ["InvalidArgument", misconfigured]
}

const wrongClock = "the request's time was refused; if that goes on, this machine's clock is wrong: set it, as NTP does"

const noneFound = "Could not load credentials from any providers"

/** Names that say nothing beside the message. */
const common: ReadonlyArray<string> = ["", "Error", "CredentialsProviderError", "ProviderError", "TokenProviderError"]

/** The errors of a request that had no answer. */
const unreached: ReadonlyArray<Kind | undefined> = ["RequestTimeout", "ServiceUnavailable"]

/** Whether a provider's own request, as that to STS, had no answer: an error of the network caused its error, or is it. */
const isUnreached = (telling: Raised): boolean =>
  causes(telling.error).some(({ code, name, status }) =>
    status === undefined && (name === "TimeoutError" || (code.startsWith("E") && unreached.includes(kinds.get(code))))
  )

/** What the provider said, with the name of the error where that is telling. */
const wordsOf = (telling: Raised): string => {
  const { error, name } = telling
  const message = messageOf(error)
  if (isUnreached(telling)) {
    return `the provider of credentials could not be reached: ${message}; check its endpoint, such as that of STS, and the network`
  }
  const said = message.startsWith(noneFound) ? `${message}; ${Advice.noCredentials}` : message
  return common.includes(name) || said.includes(name) ? said : `${name}: ${said}`
}

const chainOfSdk = "the AWS SDK's chain of providers"

/** Of an error that no watch has seen, nobody knows whether there were credentials before. */
const providerOf = ({ error, message }: Raised): Credentials.Refusal => {
  const { hadCredentials = false, provider } = Credentials.refusalOf(error) ?? {}
  return { provider: provider ?? (message === noneFound ? chainOfSdk : undefined), hadCredentials }
}

const textAt = (value: unknown, name: string): string => textOf(field(value, name))

const startOf = (body: unknown): string | undefined => {
  try {
    return body instanceof Uint8Array ? Buffer.from(body.subarray(0, Advice.quotedBytes)).toString() : undefined
  } catch {
    return undefined
  }
}

/** The answer that was an error; undefined where there was none. */
const answerOf = ({ error, status }: Raised): Advice.Answered | undefined => {
  const response = field(error, "$response")
  return status === undefined || typeof response !== "object" || response === null ? undefined : {
    status,
    contentType: textAt(field(response, "headers"), "content-type"),
    start: startOf(field(response, "body"))
  }
}

const ofContact = (names: Names, telling: Raised, contact: Contact.Contact): string | undefined =>
  named(names, telling) === "RequestTimeout" && telling.status === undefined
    ? Advice.ofSilence(contact)
    : Advice.ofFirstContact(telling.code, contact)

/** What is said of an error: of one without a name that is known, by its answer; with what to do about it, where that is known. */
const descriptionOf = ({ sdk, service = "kinesis" }: Call, names: Names, telling: Raised): string => {
  const said = Advice.withoutHint(messageOf(telling.error))
  const answer = named(names, telling) === undefined ? answerOf(telling) : undefined
  if (answer !== undefined) return Advice.ofAnswer(service, said, answer)
  const advice = Advice.ofCode(telling.code) ??
    (sdk === undefined ? undefined : ofContact(names, telling, Contact.of(sdk)))
  return advice === undefined ? said : `${said.trim()}; ${advice}`
}

/**
 * The one place where what the SDK or the network raised becomes a typed error: by the deepest cause that has a known name, else by
 * the HTTP status, else as unavailable. What a provider of credentials threw is no answer of the service, whatever its name. Takes anything.
 */
export const fromCause = (
  call: Call,
  cause: unknown
): Errors.KinesisError | Errors.ExpiredIterator | Errors.ExpiredListToken => {
  const names = namesOf(call)
  const chain = causes(cause)
  const [kind, telling] = judge(names, chain)
  const { operation, resource, service = "kinesis", shardId, stream } = call
  const said = telling === undefined ? messageOf(cause) : descriptionOf(call, names, telling)
  const about = (words: string) => ({
    operation,
    stream,
    shardId,
    description: resource === undefined ? words : `${resource}: ${words}`,
    cause: printable(cause)
  })
  const fields = about(said)
  const code = telling === undefined ? "" : telling.name || telling.code
  const unsent = chain.some(isUnsent) ? { unsent: true as const } : {}
  switch (kind) {
    case "throughput":
    case "kms":
    case "limit":
      return new Errors.ThrottledError({ ...fields, reason: kind })
    case "iterator":
      return new Errors.ExpiredIterator(fields)
    case "token":
      return new Errors.ExpiredListToken(fields)
    case "ResourceNotFound":
      return new Errors.ResourceNotFound(fields)
    case "ResourceInUse":
      return new Errors.ResourceInUse(fields)
    case "InvalidArgument": {
      const region = Advice.ofRegion(said)
      if (region !== undefined) return new Errors.InvalidArgument({ ...about(region), field: "region" })
      return new Errors.InvalidArgument(code === "CborRefused" ? { ...fields, field: "protocol" } : fields)
    }
    case "AccessDenied":
      return new Errors.AccessDenied({
        ...fields,
        action: `${service}:${operation}`,
        reason: reasons.get(code) ?? (names.get(code) === "AccessDenied" ? "permission" : "unknown")
      })
    case "clock":
      return new Errors.ServiceUnavailable(about(`${wrongClock}: ${said}`))
    case "CredentialsUnavailable":
      return new Errors.CredentialsUnavailable({ ...about(wordsOf(telling!)), ...providerOf(telling!) })
    case "KmsError":
      return new Errors.KmsError({ ...fields, code })
    case "RequestTimeout":
      return new Errors.RequestTimeout({ ...fields, ...unsent })
    case "ServiceUnavailable":
      return new Errors.ServiceUnavailable({ ...fields, ...unsent })
  }
}
