/** Refuses to pack a package by anything but pnpm: npm leaves `workspace:` ranges and `publishConfig.exports` as they are. */
if (process.env.npm_config_user_agent?.startsWith("pnpm/") !== true) {
  process.stderr.write(
    "Pack and publish with pnpm (npx pnpm pack): npm would leave the workspace ranges in, and the package could not be installed.\n"
  )
  process.exit(1)
}
