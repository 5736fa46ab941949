import * as Sdk from "@aws-sdk/client-kinesis"
import { randomUUID } from "node:crypto"
import type { GetRecordsRequest } from "../../KinesisApi.js"
import * as Answers from "./answers.js"
import * as Contact from "./contact.js"
import * as ResponseBody from "./responseBody.js"
import { getRecordsInput } from "./sdkInputs.js"
import * as SealedPage from "./sealedPage.js"

/** A request of the SDK. */
interface HttpRequest {
  readonly headers: Record<string, string>
}

/** The result of the SDK's middleware for a call: the request without its body and signature, and how to sign it. */
interface Template {
  readonly request: HttpRequest
  readonly signer: any
  readonly signingProperties: object
}

/** GetRecords of one SDK client. */
interface State {
  readonly sdk: Sdk.KinesisClient
  /** The SDK's resolved configuration, most of which its types leave out. */
  readonly config: any
  readonly serializer: any
  /** The class of requests: of the SDK's own copy. */
  readonly Request: new(options: object) => HttpRequest
  /** Called once if the middleware does not tell how it made and signs a request. */
  readonly onSecretive: () => void
  /** By the stream's ARN, or undefined for requests without one. */
  readonly templates: Map<string | undefined, Template>
}

type Send = (request: GetRecordsRequest, abortSignal: AbortSignal) => Promise<Sdk.GetRecordsCommandOutput>

/** Under this key the input of a first call says whose records it reads, and what to do with the resulting request. */
const first = Symbol("first")

interface First {
  readonly request: GetRecordsRequest
  readonly onPrepared: (request: HttpRequest, scheme: any) => void
}

const [, namespace, name, traits, inputSchema, outputSchema] = (Sdk.GetRecords$ ?? []) as ReadonlyArray<any>
const operation = { namespace, name, traits, input: inputSchema, output: outputSchema }

/** These differ from call to call, or come from the body. */
const ofOneCall: ReadonlyArray<string> = ["content-length", "amz-sdk-invocation-id"]

const withoutThose = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([header]) => !ofOneCall.includes(header.toLowerCase())))

/**
 * GetRecords of one SDK client. The first call for a stream runs through the whole SDK. The request that its middleware made, which is the
 * same each time, serves the later calls: they use the SDK's endpoint, headers, credentials, signer, protocol and transport, but avoid its
 * middleware, which costs two thirds of a call's CPU.
 */
export const getRecordsSender = (sdk: Sdk.KinesisClient, onSecretive: () => void = () => undefined): Send => {
  const config: any = sdk.config
  keepSigners(config)
  const serializer = config.protocol.getPayloadCodec().createSerializer()
  const Request = config.protocol.getRequestType()
  const self: State = { sdk, config, serializer, Request, onSecretive: once(onSecretive), templates: new Map() }
  watchFirstCalls(sdk)
  return (request, abortSignal) => {
    const input = getRecordsInput(request)
    const template = self.templates.get(input.StreamARN)
    return template === undefined
      ? sendFirst(self, request, input, abortSignal)
      : sendAgain(self, template, request, input, abortSignal)
  }
}

const once = (act: () => void): () => void => {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

const watchFirstCalls = ({ middlewareStack }: Sdk.KinesisClient): void => {
  middlewareStack.addRelativeTo(
    (next: any, context: any) => (args: any) => {
      const call: First | undefined = args.input[first]
      call?.onPrepared(args.request, context.__smithy_context?.selectedHttpAuthScheme)
      return next(args)
    },
    { name: "getRecordsFastPath", relation: "before", toMiddleware: "httpSigningMiddleware" }
  )
  middlewareStack.add(
    (next: any) => async (args: any) => {
      const result = await next(args)
      const call: First | undefined = args.input[first]
      if (call !== undefined) SealedPage.place(result.response, call.request)
      return result
    },
    { name: "getRecordsPlace", step: "deserialize", priority: "low" }
  )
}

const sendFirst = async (
  { onSecretive, Request, sdk, templates }: State,
  request: GetRecordsRequest,
  input: Sdk.GetRecordsCommandInput,
  abortSignal: AbortSignal
): Promise<Sdk.GetRecordsCommandOutput> => {
  const onPrepared = (prepared: HttpRequest, scheme: any) => {
    if (typeof scheme?.signer?.sign !== "function") return
    templates.set(input.StreamARN, {
      request: new Request({ ...prepared, headers: withoutThose(prepared.headers), body: undefined }),
      signer: scheme.signer,
      signingProperties: scheme.httpAuthOption?.signingProperties ?? {}
    })
  }
  const call: First = { request, onPrepared }
  const command = new Sdk.GetRecordsCommand({ ...input, [first]: call } as Sdk.GetRecordsCommandInput)
  const output = await sdk.send(command, { abortSignal })
  if (!templates.has(input.StreamARN)) onSecretive()
  return output
}

const requestOf = (
  { Request, serializer }: State,
  template: Template,
  input: Sdk.GetRecordsCommandInput
): HttpRequest => {
  serializer.write(inputSchema, input)
  const body: string | Uint8Array = serializer.flush()
  return new Request({
    ...template.request,
    headers: {
      ...template.request.headers,
      "content-length": String(Buffer.byteLength(body)),
      "amz-sdk-invocation-id": randomUUID()
    },
    body
  })
}

const sendAgain = async (
  self: State,
  template: Template,
  request: GetRecordsRequest,
  input: Sdk.GetRecordsCommandInput,
  abortSignal: AbortSignal
): Promise<Sdk.GetRecordsCommandOutput> => {
  const { config } = self
  const { signer } = template
  const signingProperties = { ...template.signingProperties }
  const identity = await config.credentials()
  const signedBy = Answers.offsetOf(config)
  const signed = await signer.sign(requestOf(self, template, input), identity, signingProperties)
  try {
    const { response } = await config.requestHandler.handle(signed, { abortSignal })
    Contact.answered(self.sdk)
    SealedPage.place(response, request)
    if (Answers.isError(response.statusCode)) response.body = await ResponseBody.collect(response.body)
    const output = await deserialize(config, response)
    signer.successHandler?.(response, signingProperties)
    return output
  } catch (error) {
    const told = signer.errorHandler === undefined ? error : caught(signer, signingProperties, error)
    Answers.noteClock(told, signedBy, config)
    throw told
  }
}

/** Fails with an error like those of the SDK's middleware. */
const deserialize = (config: any, response: any): Promise<Sdk.GetRecordsCommandOutput> =>
  config.protocol.deserializeResponse(operation, config, response).catch((error: any) => {
    throw Object.assign(error, {
      $response: response,
      $metadata: error.$metadata ?? { httpStatusCode: response.statusCode }
    })
  })

/** The SDK makes a signer for each call; one per scheme is enough, since it asks for credentials and the time at each call. */
const keepSigners = (config: any): void => {
  const make: (scheme?: object) => Promise<unknown> = config.signer
  const signers = new Map<string, Promise<unknown>>()
  config.signer = (scheme?: object) => {
    const key = JSON.stringify(scheme ?? {})
    const known = signers.get(key) ?? make(scheme)
    signers.set(key, known)
    return known
  }
}

/** The signer's error handler corrects the clock by a refusal, and rethrows it. */
const caught = (signer: any, signingProperties: object, error: unknown): unknown => {
  try {
    return signer.errorHandler(signingProperties)(error)
  } catch (rethrown) {
    return rethrown
  }
}
