import type { Contact } from "./contact.js"

/** An answer, as far as it tells whose it is. */
export interface Answered {
  readonly status: number
  readonly contentType: string
  /** Its first bytes; undefined where they were read by something else. */
  readonly start: string | undefined
}

const names: Readonly<Record<string, string>> = { kinesis: "Kinesis", dynamodb: "DynamoDB" }

/** How many bytes of an answer a message quotes. */
export const quotedBytes = 100

const isObject = (start: string): boolean => start.trimStart().startsWith("{")

const sdkHint =
  /\s*Deserialization error: to see the raw response, inspect the hidden field \{error\}\.\$response on this object\./

/** The words of an error without what only somebody with a debugger can follow. */
export const withoutHint = (said: string): string => said.replace(sdkHint, "")

/** What is said of an answer whose error has no name that is known: a proxy's page, another service, or nothing. */
export const ofAnswer = (service: string, said: string, { contentType, start, status }: Answered): string => {
  const answer = `HTTP ${status}${contentType === "" ? "" : ` (${contentType})`}`
  const isStrange = start !== undefined && start.trim() !== "" && !isObject(start) && !contentType.includes("cbor")
  if (isStrange) {
    return `${answer} is no answer of ${names[service] ?? service}, check the endpoint: ${start.trim()}`
  }
  const words = said === "UnknownError" ? start?.trim() ?? "" : said
  const told = words === "" ? answer : `${answer}: ${words}`
  return words.includes("UnknownOperation") ? `${told}; the endpoint may be that of another service` : told
}

const untrusted =
  "trust the endpoint's certificate by layer({ certificateAuthority }), as certificates in PEM, or check the endpoint"

const certificates: ReadonlyArray<string> = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE"
]

const noTls = "the endpoint speaks no TLS: is it http:// in place of https://?"

const theWay = "the endpoint, the network, and a proxy or firewall on the way"

const noWay = `no way leads there: check ${theWay}`

const advices = new Map<string, string>([
  ...certificates.map((code) => [code, untrusted] as const),
  ["CERT_HAS_EXPIRED", "the endpoint's certificate has expired, or this machine's clock is wrong"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the endpoint's certificate is for another host: check the endpoint"],
  ["EPROTO", noTls],
  ["ERR_SSL_WRONG_VERSION_NUMBER", noTls],
  ["ERR_SSL_PACKET_LENGTH_TOO_LONG", noTls],
  ["HPE_INVALID_CONSTANT", "the endpoint speaks no HTTP: is it https:// in place of http://?"],
  ["EAI_AGAIN", "the host's name could not be looked up: check the network and its DNS"],
  ["EHOSTUNREACH", noWay],
  ["ENETUNREACH", noWay],
  ["ENOTFOUND", "there is no such host: check the region and the endpoint"],
  ["ECONNREFUSED", "nothing listens there: check the endpoint"]
])

/** What to do about an error of the network, by its code. */
export const ofCode = (code: string): string | undefined => advices.get(code)

const closings: ReadonlyArray<string> = ["ECONNRESET", "EPIPE"]

/** What to do about a connection that ended, by its code, where nothing has ever answered. */
export const ofFirstContact = (code: string, { hasAnswered, protocol }: Contact): string | undefined =>
  hasAnswered || !closings.includes(code)
    ? undefined
    : protocol === "http:"
    ? "the endpoint closed the connection without an answer: is it https:// in place of http://?"
    : `the connection was closed without an answer: check ${theWay}`

/** What to do about a call that had no answer in time, where nothing has ever answered. */
export const ofSilence = ({ hasAnswered, protocol }: Contact): string | undefined =>
  hasAnswered
    ? undefined
    : protocol === undefined
    ? "no request was sent so far: check the provider of credentials, which takes this long"
    : `nothing has answered so far: check ${theWay}`

/** What is said of a call that had no answer in time; `waited` says how long it was waited for. */
export const ofWait = (waited: string, contact: Contact): string => {
  const advice = ofSilence(contact)
  return advice === undefined ? `waited ${waited}` : `waited ${waited}; ${advice}`
}

/** Why there are no credentials. */
export const noCredentials =
  "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, sign in, as by aws sso login, or give layer({ credentials })"

/** What is wrong with the region, in the SDK's words. */
export const ofRegion = (said: string): string | undefined =>
  said.startsWith("Region is missing")
    ? "none was found: set AWS_REGION, or layer({ region }), such as \"eu-west-1\""
    : said.startsWith("Region not accepted")
    ? `must be such as "eu-west-1", in AWS_REGION, the profile or layer({ region }): ${said}`
    : undefined

const ofArn = /^arn:[\w-]+:kinesis:([\w-]+):/

/** The region in a stream's ARN; undefined for a name. */
export const regionOfArn = (stream: string | undefined): string | undefined =>
  stream === undefined ? undefined : ofArn.exec(stream)?.[1]

/** What is said of a stream that is elsewhere; undefined where it is not. */
export const elsewhere = (ofStream: string, ofClient: string): string | undefined =>
  ofStream === ofClient
    ? undefined
    : `is in ${ofStream}, but the client's region is ${ofClient}: give the client layer({ region: "${ofStream}" })`
