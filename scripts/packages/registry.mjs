/** A registry on this machine with the packed packages, so that npm installs them by the lines that users copy. */
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { basename } from "node:path"
import { run } from "./run.mjs"

/** Serves the packed packages, and sends npm on to its own registry for all others. */
export const serve = async (packed) => {
  const upstream = (await run("npm", ["config", "get", "registry"])).trim().replace(/\/$/, "")
  const byName = new Map(packed.map((one) => [one.name, one]))
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url)
    const tarball = packed.find((one) => path === `/-/${basename(one.tarball)}`)
    if (tarball !== undefined) return response.end(readFileSync(tarball.tarball))
    const one = byName.get(path.slice(1))
    if (one === undefined) return response.writeHead(302, { location: `${upstream}${request.url}` }).end()
    response.setHeader("content-type", "application/json").setHeader("cache-control", "no-store")
    return response.end(JSON.stringify(documentOf(one, request.headers.host)))
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() }
}

const documentOf = ({ manifest, name, tarball }, host) => {
  const { version } = manifest
  const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`
  const dist = { tarball: `http://${host}/-/${basename(tarball)}`, integrity }
  return { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } }
}
