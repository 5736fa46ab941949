import { afterAll, beforeAll } from "@effect/vitest"
import dynalite from "dynalite"
import type { Server } from "node:http"
import type { AddressInfo } from "node:net"
import { makeRaw, type Raw } from "./table.js"

/** dynalite on a free port of this machine, while a file's tests run. */
export const useDynalite = (): { readonly url: string; readonly raw: Raw } => {
  let server: Server | undefined
  const here = { url: "", raw: undefined as unknown as Raw }
  beforeAll(async () => {
    server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 })
    await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve))
    here.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    here.raw = makeRaw(here.url)
  })
  afterAll(() => {
    here.raw.sdk.destroy()
    server!.close()
  })
  return here
}
