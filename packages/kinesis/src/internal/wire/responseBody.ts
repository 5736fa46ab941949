import { Readable } from "node:stream"
import { arrayBuffer } from "node:stream/consumers"
import type { ReadableStream } from "node:stream/web"

const cutOff = (): Error =>
  Object.assign(new Error("the connection was closed in the middle of the answer"), { code: "ECONNRESET" })

/** Passes the body of an answer on in pieces, as they arrive from the socket. */
export const receive = async (body: unknown, take: (piece: Buffer) => void): Promise<void> => {
  if (body instanceof Readable) return await receivePieces(body, take)
  const bytes = body instanceof Uint8Array ? body : new Uint8Array(await arrayBuffer((body ?? []) as ReadableStream))
  take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

/** The whole body of an answer. */
export const collect = async (body: unknown): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  await receive(body, (piece) => void pieces.push(piece))
  return Buffer.concat(pieces)
}

const receivePieces = (body: Readable, take: (piece: Buffer) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    body.on("data", take)
    body.on("end", resolve)
    body.on("error", reject)
    body.on("close", () => {
      if (!body.readableEnded) reject(cutOff())
    })
  })
