/**
 * The AWS SDK warns at each start that it will drop Node 20. The user of the command can do nothing about it at that moment, and it would
 * appear in the middle of the view.
 */
export const silenced: Readonly<Record<string, string>> = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" }
