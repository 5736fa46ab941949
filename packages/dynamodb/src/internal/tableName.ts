import * as AwsSdk from "effect-kinesis/AwsSdk"

const pattern = /^([a-zA-Z0-9_.-]{3,255}|arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[a-zA-Z0-9_.-]{3,255})$/

export const isValid = (name: unknown): name is string => typeof name === "string" && pattern.test(name)

export const check: AwsSdk.Check = AwsSdk.that(
  "a table's name (3 to 255 of a-z A-Z 0-9 _ . -) or its ARN; by default it is the application's name",
  isValid
)
