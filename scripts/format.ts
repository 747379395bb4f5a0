/** `npm run format`: formats every file, applies the fixes of the linter and writes the generated pages anew. */
import { runProgram } from './run-step.ts'

const commands = [
  [process.execPath, '--conditions=source', 'scripts/reference.ts'],
  ['oxlint', '--type-aware', '--fix', '--quiet', '--silent', '.'],
  ['prettier', '--write', '--log-level', 'warn', '.'],
]
for (const argv of commands) {
  const { ok, output } = await runProgram(argv)
  if (output.trim() !== '') console.error(output.trim())
  if (!ok && argv[0] !== 'oxlint') process.exitCode = 1
}
