/** A stream's consumer, as its ARN names it. */
export interface ConsumerArn {
  readonly streamArn: string
  /** The stream's name. */
  readonly stream: string
  /** The consumer's name. */
  readonly consumer: string
}

/** A consumer's name. */
export const namePattern = /^[a-zA-Z0-9_.-]{1,128}$/

const pattern =
  /^(arn:[\w-]+:kinesis:[\w-]+:\d{12}:stream\/([a-zA-Z0-9_.-]{1,128}))\/consumer\/([a-zA-Z0-9_.-]{1,128}):\d+$/

/** Undefined unless it is a consumer's ARN. */
export const parse = (text: string): ConsumerArn | undefined => {
  const [, streamArn, stream, consumer] = pattern.exec(text) ?? []
  return streamArn === undefined || stream === undefined || consumer === undefined
    ? undefined
    : { streamArn, stream, consumer }
}

/** Whether it is a consumer of this stream, which is given by name or ARN. */
export const isOf = ({ stream, streamArn }: ConsumerArn, nameOrArn: string): boolean =>
  nameOrArn === stream || nameOrArn === streamArn
