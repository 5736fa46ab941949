import type { LocalKinesis } from "@effect-kinesis/local"
import * as Errors from "effect-kinesis/KinesisError"

type Make = (operation: string) => LocalKinesis.Failure

const description = "as POST /_admin/fail asked for"

/** The errors that calls can be made to fail with, by name. */
const errors: Readonly<Record<string, Make>> = {
  AccessDenied: (operation) => new Errors.AccessDenied({ operation, description, action: `kinesis:${operation}` }),
  ExpiredIterator: (operation) => new Errors.ExpiredIterator({ operation, description }),
  ExpiredListToken: (operation) => new Errors.ExpiredListToken({ operation, description }),
  InvalidArgument: (operation) => new Errors.InvalidArgument({ operation, description }),
  LimitExceeded: (operation) => new Errors.ThrottledError({ operation, description, reason: "limit" }),
  RequestTimeout: (operation) => new Errors.RequestTimeout({ operation, description }),
  ResourceInUse: (operation) => new Errors.ResourceInUse({ operation, description }),
  ResourceNotFound: (operation) => new Errors.ResourceNotFound({ operation, description }),
  ServiceUnavailable: (operation) => new Errors.ServiceUnavailable({ operation, description })
}

export const names: ReadonlyArray<string> = Object.keys(errors)

/** The error of this name; undefined if there is none. */
export const named = (name: unknown): Make | undefined =>
  typeof name === "string" && Object.hasOwn(errors, name) ? errors[name] : undefined
