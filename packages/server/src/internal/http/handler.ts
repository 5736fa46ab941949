import type { LocalApi, LocalKinesis } from "@effect-kinesis/local"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Runtime from "effect/Runtime"
import * as Answers from "../api/answers.js"
import type { ApiError } from "../api/errors.js"
import * as Errors from "../api/errors.js"
import type * as Operations from "../api/operations.js"
import * as AnswerShapes from "../codec/answers.js"
import type { State } from "../state.js"
import * as Calls from "./call.js"
import type { Request, Response } from "./exchange.js"
import * as Exchange from "./exchange.js"

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

const finish = (self: State, response: Response, call: Calls.Call, exit: Exit.Exit<any, ApiError>): void => {
  if (response.destroyed || (Exit.isFailure(exit) && Cause.isInterruptedOnly(exit.cause))) return
  if (Exit.isFailure(exit)) return refuse(self, response, failureOf(exit.cause), call.codec)
  count(self, call.operation, exit.value)
  Exchange.answer(response, 200, call.codec.contentType, bodyOf(call, exit.value))
}

/** Asks the engine. A caller that goes away interrupts the call. */
const ask = (self: State, response: Response, call: Calls.Call): void => {
  const fiber = Runtime.runFork(self.runtime)(performed(self.regionOf(call.caller.region), call))
  self.running.add(fiber)
  response.on("close", () => fiber.unsafeInterruptAsFork(fiber.id()))
  fiber.addObserver((exit) => {
    self.running.delete(fiber)
    finish(self, response, call, exit)
  })
}

const tooLarge = Errors.refused("RequestEntityTooLargeException", "The body has too many bytes.", 413)

const receive = (self: State, request: Request, response: Response, body: Buffer | undefined): void => {
  if (body === undefined) return refuse(self, response, tooLarge, undefined)
  const { headers, method = "", url = "" } = request
  const call = Calls.read({ method, url, headers, body })
  if (Calls.isNoCall(call)) refuse(self, response, call.error, call.codec)
  else ask(self, response, call)
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
