import { orAbort, SeamError, throwIfAborted } from '@seamark/kit'
import { connect } from 'node:net'
import { MAX_MESSAGE_BYTES } from './agent-protocol.ts'

/**
 * Sends one message to an agent and gives its answer, without the length. Errors: `ABORTED`; `UNAVAILABLE` where nobody listens, or where
 * no answer came in time.
 */
export async function askAgent(
  socketPath: string,
  message: Uint8Array,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  throwIfAborted(signal)
  const socket = connect(socketPath)
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error('It did not answer in time.')))
  socket.write(message)
  try {
    return await orAbort(answerOf(socket), signal)
  } catch (error) {
    throwIfAborted(signal)
    throw new SeamError('UNAVAILABLE', `The SSH agent on ${socketPath} gave no answer.`, {
      cause: error,
      remedy: 'See that it runs, and that this user may connect to it: ssh-add -l.',
    })
  } finally {
    socket.destroy()
  }
}

async function answerOf(socket: AsyncIterable<Buffer>): Promise<Buffer> {
  let answer = Buffer.alloc(0)
  for await (const part of socket) {
    answer = Buffer.concat([answer, part])
    const length = answer.byteLength < 4 ? MAX_MESSAGE_BYTES : answer.readUInt32BE(0)
    if (length > MAX_MESSAGE_BYTES) throw new Error('Its answer is too long.')
    if (answer.byteLength >= length + 4) return answer.subarray(4, length + 4)
  }
  throw new Error('It hung up.')
}
