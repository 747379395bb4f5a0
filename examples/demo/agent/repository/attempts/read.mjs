// Reads a file that is none of the repository's: `node attempts/read.mjs PATH`.
import { readFileSync } from 'node:fs'

try {
  console.log(readFileSync(process.argv[2], 'utf8'))
} catch (error) {
  console.log(`not read: ${error.code}`)
  process.exitCode = 1
}
