import { Effect } from "effect"
import * as Http from "node:http"

/** An answer as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Http.IncomingHttpHeaders
  readonly body: Buffer
}

export const json = "application/x-amz-json-1.1"
export const cbor = "application/x-amz-cbor-1.1"

export const authorization =
  "AWS4-HMAC-SHA256 Credential=key/20261126/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=ab"

export const signed = { authorization, "x-amz-date": "20261126T000000Z" }

export const target = (operation: string) => ({ "content-type": json, "x-amz-target": `Kinesis_20131202.${operation}` })

/** A request as it is written here, without any SDK. */
export const send = (
  endpoint: string,
  headers: Record<string, string>,
  body: string | Uint8Array = "{}",
  { method = "POST", path = "/" } = {}
): Effect.Effect<Answer, Error> =>
  Effect.async((resume) => {
    const request = Http.request(`${endpoint}${path}`, { method, headers, agent: false }, (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("error", (error) => resume(Effect.fail(error)))
      response.on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(pieces)
        })))
    })
    request.on("error", (error) => resume(Effect.fail(error)))
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/** A call in JSON, and its answer as a value. */
export const call = (
  endpoint: string,
  operation: string,
  body: object,
  headers: Record<string, string> = {}
): Effect.Effect<{ readonly status: number; readonly body: any }, Error> =>
  Effect.map(
    send(endpoint, { ...signed, ...target(operation), ...headers }, JSON.stringify(body)),
    ({ body, status }) => ({ status, body: body.length === 0 ? undefined : JSON.parse(body.toString()) })
  )
