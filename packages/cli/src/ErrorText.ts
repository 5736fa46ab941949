/** The fields of an error of a call that are put into words. */
interface Failed {
  readonly _tag: string
  readonly operation: string
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
  readonly leaseKey?: string | undefined
  readonly description: string
  readonly cause?: unknown
  /** Of `InvalidArgument`. */
  readonly field?: string | undefined
  /** Of `CredentialsUnavailable`. */
  readonly provider?: string | undefined
  readonly message: string
}

const isFailed = (error: unknown): error is Failed =>
  error instanceof Error && "_tag" in error && "operation" in error && "description" in error

const untrusted = "trust its certificate by NODE_EXTRA_CA_CERTS=/path/to/ca.pem, or check --endpoint"

/** What to type after an error of the network, by its code, where the library speaks of its own options. */
const ofCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: check --endpoint",
  ENOTFOUND: "there is no such host: check --region and --endpoint",
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted
}

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

const messageOf = (cause: unknown): string => cause instanceof Error ? cause.message : ""

/** The description, with the advice after its last semicolon replaced. */
const descriptionOf = ({ cause, description }: Failed): string => {
  const advice = ofCode[codeOf(cause)]
  const end = description.lastIndexOf("; ")
  return advice === undefined || end < 0 ? description : `${description.slice(0, end)}; ${advice}`
}

const regionOfArn = (stream = ""): string | undefined => /^arn:[\w-]+:kinesis:([\w-]+):/.exec(stream)?.[1]

/** The options of the library whose values come from the command line, and the option that each comes from. */
const flags: Readonly<Record<string, string>> = {
  region: "region",
  endpoint: "endpoint",
  stream: "stream",
  from: "from",
  positions: "resume"
}

const isOfMaking = ({ operation }: Failed): boolean =>
  operation === "KinesisClient.make" || operation === "KinesisStream"

/** What is wrong with the region that a call was to be made in: that of `--region` is checked before. */
const regionText = ({ cause, description }: Failed): string =>
  messageOf(cause).startsWith("Region is missing")
    ? "there is no region: type --region eu-west-1 or the like, or set AWS_REGION"
    : `AWS_REGION or the profile names no valid region: type --region eu-west-1 or the like: ${
      messageOf(cause) || description
    }`

/** What is wrong with the command line or with what it was called with; undefined for what only a call can tell. */
const mistake = (error: Failed): string | undefined => {
  if (error._tag === "CredentialsUnavailable") {
    return error.provider === "the AWS SDK's chain of providers"
      ? "there are no credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in, as by aws sso login"
      : undefined
  }
  if (error._tag !== "InvalidArgument" || error.field === undefined) return undefined
  if (!isOfMaking(error)) {
    if (error.field === "region") return regionText(error)
    const region = regionOfArn(error.stream)
    return error.field === "stream" && region !== undefined
      ? `the stream is in ${region}: type --region ${region}`
      : undefined
  }
  const flag = flags[error.field.split(".")[0]!]
  return flag === undefined ? undefined : `invalid --${flag}: ${error.description}`
}

/** The call and its place, with which a message begins; a view has them elsewhere. */
const beginningOf = ({ leaseKey, operation, shardId, stream }: Failed): string => {
  const place = [stream, leaseKey ?? shardId].filter((part) => part !== undefined).join("/")
  return `${operation}${place === "" ? "" : ` on ${place}`}: `
}

/** Why a call failed, in a line that begins with the cause and ends with what to do about it. */
export const because = (error: { readonly message: string }): string => {
  if (!isFailed(error)) return error.message
  const said = descriptionOf(error)
  const wrong = mistake(error)
  if (wrong !== undefined) return wrong
  if (error._tag === "ServiceUnavailable" && said !== "") return said
  const beginning = beginningOf(error)
  const { message } = error
  return message.startsWith(beginning) ? message.slice(beginning.length) : message
}

/** What the command ends with, and what to type instead. */
export const complaint = (error: unknown): string => {
  if (!isFailed(error)) return error instanceof Error ? error.message : String(error)
  const { description, message } = error
  return mistake(error) ?? (message.endsWith(description)
    ? message.slice(0, message.length - description.length) + descriptionOf(error)
    : message)
}
