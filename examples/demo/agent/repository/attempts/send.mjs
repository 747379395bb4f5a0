// Sends a file of the repository somewhere: `node attempts/send.mjs FILE URL`.
import { readFileSync } from 'node:fs'

const [file, url] = process.argv.slice(2)
try {
  const { status } = await fetch(url, { method: 'POST', body: readFileSync(file) })
  console.log(`sent: ${status}`)
} catch (error) {
  console.log(`not sent: ${error.cause?.message ?? error.message}`)
  process.exitCode = 1
}
