import type { LocalApi, LocalKinesis } from "@effect-kinesis/local"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Admin from "../admin/admin.js"
import * as Answers from "../api/answers.js"
import type { ApiError } from "../api/errors.js"
import * as Errors from "../api/errors.js"
import type * as Operations from "../api/operations.js"
import * as AnswerShapes from "../codec/answers.js"
import type { State } from "../state.js"
import * as Authorization from "./authorization.js"
import * as Breaking from "./breaking.js"
import * as Calls from "./call.js"
import type { Request, Response } from "./exchange.js"
import * as Exchange from "./exchange.js"
import * as Subscribing from "./subscribing.js"
import type { WireFault } from "./wireFaults.js"
import * as WireFaults from "./wireFaults.js"

type Perform = (request: object) => Effect.Effect<any, LocalKinesis.Failure>

const dryRun = Errors.refused(
  "DryRunOperationException",
  "The request would have succeeded, but the DryRun parameter is set."
)

/** What a call comes to: the engine's answer, or why there is none. */
const performed = (
  { operations }: LocalApi.Service,
  { operation: { engineName, name }, request }: Calls.Call
): Effect.Effect<any, ApiError> => {
  const perform = (operations as unknown as Readonly<Record<string, Perform | undefined>>)[engineName]
  if (perform === undefined) return Effect.fail(Errors.refused("UnknownOperationException"))
  const { dryRun: isDry, ...asked } = request
  const failed = (failure: LocalKinesis.Failure) => Errors.ofFailure(name, failure)
  return isDry === true
    ? operations.dryRun({ ...asked, operation: engineName } as never).pipe(
      Effect.mapError(failed),
      Effect.zipRight(Effect.fail(dryRun))
    )
    : Effect.mapError(perform(asked), failed)
}

const bodyOf = ({ codec, operation }: Calls.Call, answer: unknown): Uint8Array => {
  const { name, output, outputSchema } = operation
  return output.kind === "structure" && output.members.length === 0
    ? new Uint8Array()
    : codec.encode(outputSchema, AnswerShapes.write(output, Answers.fromEngine(name, answer)))
}

const count = ({ counts }: State, { name }: Operations.ApiOperation, answer: any): void => {
  if (name === "PutRecord") counts.recordsWritten++
  else if (name === "PutRecords") counts.recordsWritten += answer.records.length - answer.failedRecordCount
  else if (name === "GetRecords") counts.recordsRead += answer.records.length
}

const refuse = (self: State, response: Response, error: ApiError, codec: Calls.NoCall["codec"]): void => {
  self.counts.refused++
  Exchange.refuse(response, error, codec)
}

const failureOf = (cause: Cause.Cause<ApiError>): ApiError => {
  const failure = Cause.squash(cause)
  return typeof failure === "object" && failure !== null && "type" in failure
    ? failure as ApiError
    : Errors.ofThrown(failure)
}

const finish = (
  self: State,
  response: Response,
  { call, fault }: { readonly call: Calls.Call; readonly fault: WireFault | undefined },
  exit: Exit.Exit<any, ApiError>
): void => {
  if (response.destroyed || (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))) return
  if (fault?.kind === "drop") return Breaking.drop(response)
  if (fault?.kind === "goAway") Breaking.leave(response)
  if (Exit.isFailure(exit)) return refuse(self, response, failureOf(exit.cause), call.codec)
  count(self, call.operation, exit.value)
  const { contentType } = call.codec
  const body = bodyOf(call, exit.value)
  if (fault?.kind === "cut") Breaking.cut(response, contentType, body)
  else Exchange.answer(response, 200, contentType, body)
}

/** The fault of the wire that a call meets. */
const faultOf = (self: State, { operation }: Calls.Call): WireFault | undefined => {
  if (self.faults.length === 0) return undefined
  const { fault, left } = WireFaults.meet(self.faults, operation.engineName)
  self.faults = left
  return fault
}

/** A caller that goes away interrupts its call. */
const run = <A>(
  self: State,
  response: Response,
  effect: Effect.Effect<A, ApiError>,
  done: (exit: Exit.Exit<A, ApiError>) => void
): void => {
  const fiber = Runtime.runFork(self.runtime)(effect)
  self.running.add(fiber)
  response.on("close", () => fiber.unsafeInterruptAsFork(fiber.id()))
  fiber.addObserver((exit) => {
    self.running.delete(fiber)
    done(exit)
  })
}

/** Asks the engine for what goes on after its answer. */
const subscribe = (self: State, response: Response, call: Calls.Call, fault: WireFault | undefined): void => {
  const { operation: { name }, request } = call
  const accepted = self.regionOf(call.caller.region).subscribeToShard(request as never)
  const answered = Subscribing.answer(response, accepted, fault)
  run(self, response, Effect.mapError(answered, (failure) => Errors.ofFailure(name, failure)), (exit) => {
    if (Exit.isSuccess(exit) || response.destroyed || Cause.isInterruptedOnly(exit.cause)) return
    if (response.headersSent) Breaking.drop(response)
    else refuse(self, response, failureOf(exit.cause), call.codec)
  })
}

/** Asks the engine. */
const ask = (self: State, response: Response, call: Calls.Call): void => {
  const fault = faultOf(self, call)
  if (fault?.kind === "drop" && fault.before) return Breaking.drop(response)
  if (call.operation.name === "SubscribeToShard" && call.request["dryRun"] !== true) {
    return subscribe(self, response, call, fault)
  }
  run(
    self,
    response,
    performed(self.regionOf(call.caller.region), call),
    (exit) => finish(self, response, { call, fault }, exit)
  )
}

const tooLarge = Errors.refused("RequestEntityTooLargeException", "The body has too many bytes.", 413)

const receive = (self: State, request: Request, response: Response, body: Buffer | undefined): void => {
  if (body === undefined) return refuse(self, response, tooLarge, undefined)
  const { headers, method = "", url = "" } = request
  if (url.startsWith(adminPath)) return administer(self, request, response, body)
  const received = { method, url, headers, body }
  const call = Calls.read(received)
  if (Calls.isNoCall(call)) return refuse(self, response, call.error, call.codec)
  if (self.verify === undefined) return ask(self, response, call)
  self.verify(received, call.caller, Date.now()).then((refusal) =>
    refusal === undefined ? ask(self, response, call) : refuse(self, response, refusal, call.codec)
  ).catch((thrown) => refuse(self, response, Errors.ofThrown(thrown), call.codec))
}

const adminPath = "/_admin"

/** A page in a browser may not turn knobs: a request from one names its origin, or the name that its owner made to lead here. */
const ofBrowser = { status: 403, value: { error: "a page in a browser may not ask this" } }

const jsonOf = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`)

const administer = (self: State, request: Request, response: Response, body: Buffer): void => {
  const { headers, method = "", url = "" } = request
  const { pathname, searchParams: query } = new URL(url, "http://localhost")
  const asked = { method, path: pathname.slice(adminPath.length), query, body }
  const isOfBrowser = headers.origin !== undefined || (self.isLocal && !Authorization.isHere(headers))
  const answered = !isOfBrowser ? Admin.answer(self, asked) : Effect.succeed(ofBrowser)
  Runtime.runFork(self.runtime)(
    answered.pipe(
      Effect.map(({ status, value }) => ({ status, body: jsonOf(value) })),
      Effect.catchAllDefect((defect) => Effect.succeed({ status: 500, body: jsonOf({ error: String(defect) }) })),
      Effect.map(({ body, status }) => Exchange.answer(response, status, "application/json", body))
    )
  )
}

/** Answers the API's requests. */
export const make = (self: State) => (request: Request, response: Response): void => {
  self.counts.requests++
  response.on("error", () => {})
  Exchange.collect(request, self.mostBytes, (body) => {
    try {
      receive(self, request, response, body)
    } catch (thrown) {
      refuse(self, response, Errors.ofThrown(thrown), undefined)
    }
  })
}
