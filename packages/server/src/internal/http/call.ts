import type { ApiError } from "../api/errors.js"
import { ofThrown, refused } from "../api/errors.js"
import * as Operations from "../api/operations.js"
import * as EngineRequests from "../api/requests.js"
import type { Codec } from "../codec/codec.js"
import { codecs } from "../codec/codec.js"
import * as Requests from "../codec/requests.js"
import * as Authorization from "./authorization.js"

/** A request as it came. */
export interface Received {
  readonly method: string
  readonly url: string
  readonly headers: Authorization.Headers
  readonly body: Buffer
}

/** A call that the engine can be asked. */
export interface Call {
  readonly operation: Operations.ApiOperation
  readonly codec: Codec
  readonly caller: Authorization.Caller
  /** With the engine's names. */
  readonly request: Readonly<Record<string, any>>
}

/** Why a request is no call. Without a codec the answer is in XML, as for what does not speak the protocol. */
export interface NoCall {
  readonly error: ApiError
  readonly codec: Codec | undefined
}

export const isNoCall = (found: Call | NoCall): found is NoCall => "error" in found

const codecOf = (headers: Authorization.Headers): Codec | undefined => {
  const [contentType = ""] = Authorization.header(headers, "content-type").split(";")
  switch (contentType.trim().toLowerCase()) {
    case "application/x-amz-json-1.1":
    case "application/json":
      return codecs().json
    case "application/x-amz-cbor-1.1":
      return codecs().cbor
    default:
      return undefined
  }
}

const prefix = "Kinesis_20131202."

const operationOf = (headers: Authorization.Headers): Operations.ApiOperation | undefined => {
  const target = Authorization.header(headers, "x-amz-target")
  return target.startsWith(prefix) ? Operations.named(target.slice(prefix.length)) : undefined
}

const decoded = (operation: Operations.ApiOperation, codec: Codec, body: Buffer) => {
  const { input, inputSchema, name } = operation
  return EngineRequests.toEngine(name, Requests.read(input, codec.decode(inputSchema, input, body)))
}

/** The call that a request is. */
export const read = ({ body, headers, method, url }: Received): Call | NoCall => {
  const caller = Authorization.read(headers, url)
  const codec = method === "POST" ? codecOf(headers) : undefined
  if (codec === undefined) {
    if ("status" in caller) return { error: { ...caller, status: 403 }, codec }
    const unknown = "Unable to determine service/operation name to be authorized"
    return { error: refused("AccessDeniedException", unknown, 403), codec }
  }
  const operation = operationOf(headers)
  if (operation === undefined) return { error: refused("UnknownOperationException"), codec }
  try {
    const request = decoded(operation, codec, body)
    return "status" in caller ? { error: caller, codec } : { operation, codec, caller, request }
  } catch (thrown) {
    const error = ofThrown(thrown)
    return { error: "status" in caller && error.type === "ValidationException" ? caller : error, codec }
  }
}
