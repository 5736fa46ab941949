/**
 * The AWS SDK says at each start that it will leave Node 20 behind. Whoever uses the command can do nothing about it at that moment, and it
 * would stand in the middle of the view.
 */
export const silenced: Readonly<Record<string, string>> = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" }
