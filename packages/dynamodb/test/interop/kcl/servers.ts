import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { type Child, freePort, launch, until } from "./processes.js"
import { here } from "./setup.js"

export interface Server {
  readonly url: string
  readonly child: Child
}

const answering = async (url: string, child: Child): Promise<Server> => {
  await until(`an answer of ${url}`, 60, () => {
    if (child.isOver()) throw new Error(`the server of ${url} has ended`)
    return fetch(url).then(() => true, () => false)
  })
  return { url, child }
}

/** Ends a Node program when its standard input does. */
const tether = "data:text/javascript,process.stdin.on('end',()=>process.exit()).resume()"

/** The emulator that the package `local` is tried against. It binds to every address, by a constant; this copy of it binds to one. */
export const startKinesis = async (folder: string): Promise<Server> => {
  const home = dirname(
    createRequire(join(here, "../../../../local/package.json")).resolve("kinesis-local/package.json")
  )
  const copy = join(folder, "kinesis-local")
  mkdirSync(copy)
  const main = readFileSync(join(home, "main.js"), "utf8")
  const bound = main.replaceAll("\"0.0.0.0\"", "\"127.0.0.1\"")
  if (bound === main) throw new Error("kinesis-local no longer binds to 0.0.0.0: look at what it does bind to")
  writeFileSync(join(copy, "main.js"), bound)
  for (const name of ["server.json", "package.json"]) cpSync(join(home, name), join(copy, name))
  const port = await freePort()
  const transitions = ["CREATE_STREAM", "DELETE_STREAM", "SPLIT_SHARD", "MERGE_SHARDS", "UPDATE_SHARD_COUNT"]
  const child = launch(process.execPath, ["--import", tether, join(copy, "main.js")], join(folder, "kinesis.log"), {
    KINESIS_MOCK_PLAIN_PORT: String(port),
    KINESIS_MOCK_TLS_PORT: String(await freePort()),
    KINESIS_MOCK_CERT_PATH: join(copy, "server.json"),
    SHARD_LIMIT: "100",
    LOAD_DATA_IF_EXISTS: "false",
    LOG_LEVEL: "ERROR",
    ...Object.fromEntries(transitions.map((name) => [`${name}_DURATION`, "20ms"]))
  })
  return answering(`http://127.0.0.1:${port}`, child)
}

export const startTables = async (folder: string, python: string): Promise<Server> => {
  const port = await freePort()
  const child = launch(python, [join(here, "tables.py"), String(port)], join(folder, "dynamodb.log"))
  return answering(`http://127.0.0.1:${port}`, child)
}

/** One request to Kinesis, as JSON, with no opinion on what is in it. */
export const kinesisCall = async (url: string, operation: string, body: object): Promise<any> => {
  const response = await fetch(url, {
    method: "POST",
    signal: AbortSignal.timeout(30_000),
    headers: {
      "x-amz-target": `Kinesis_20131202.${operation}`,
      "content-type": "application/x-amz-json-1.1",
      "x-amz-date": "20260101T000000Z",
      authorization:
        "AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0"
    },
    body: JSON.stringify(body)
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${text}`)
  return text === "" ? {} : JSON.parse(text)
}
