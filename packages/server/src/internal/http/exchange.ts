import { randomBytes, randomUUID } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2"
import type { ApiError } from "../api/errors.js"
import type { Codec } from "../codec/codec.js"

/** A request over HTTP/1.1 or HTTP/2. */
export type Request = IncomingMessage | Http2ServerRequest

/** The response to it. */
export type Response = ServerResponse | Http2ServerResponse

/** Collects a body; undefined if it has more bytes than it may have. Of a request that breaks off nobody is told. */
export const collect = (request: Request, most: number, done: (body: Buffer | undefined) => void): void => {
  const pieces: Array<Buffer> = []
  let bytes = 0
  request.on("data", (piece: Buffer) => {
    bytes += piece.length
    if (bytes <= most) pieces.push(piece)
  })
  request.on("end", () => done(bytes > most ? undefined : pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
  request.on("error", () => {})
}

const idBytes = 48

let random = Buffer.alloc(0)

/** Random bytes are asked for in advance: each request for them costs more than they do. */
const randomId = (): string => {
  if (random.length < idBytes) random = randomBytes(idBytes * 100)
  const id = random.toString("base64", 0, idBytes)
  random = random.subarray(idBytes)
  return id
}

/** The headers of AWS's answers. */
export const headersOf = (contentType: string): Record<string, string> => ({
  "content-type": contentType,
  "x-amzn-requestid": randomUUID(),
  "x-amz-id-2": randomId()
})

/** Answers with a body. */
export const answer = (response: Response, status: number, contentType: string, body: Uint8Array): void => {
  response.writeHead(status, { ...headersOf(contentType), "content-length": String(body.byteLength) })
  response.end(body)
}

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

/** A message may quote the request, and is a text to whoever reads it: a page in a browser, too. */
const escaped = (text: string): string => text.replace(/[&<>]/g, (each) => escapes[each]!)

const xml = ({ message, type }: ApiError): Buffer =>
  Buffer.from(
    message === undefined ? `<${type}/>\n` : `<${type}>\n  <Message>${escaped(message)}</Message>\n</${type}>\n`
  )

/** Answers with an error: in the protocol that was spoken, or in XML where none was. */
export const refuse = (response: Response, error: ApiError, codec: Codec | undefined): void =>
  codec === undefined
    ? answer(response, error.status, "text/xml", xml(error))
    : answer(response, error.status, codec.contentType, codec.encodeError(error.type, error.message))
