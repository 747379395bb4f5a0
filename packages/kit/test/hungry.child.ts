import { parentPort } from 'node:worker_threads'

parentPort?.on('message', (what: 'answers' | 'eats' | 'sleeps' | 'leaves') => {
  if (what === 'answers') parentPort?.postMessage('here')
  if (what === 'leaves') process.exit()
  // As a parser does that keeps what it has read: all of it is alive, and young.
  let text = ''
  if (what === 'eats') for (let at = 0; text !== 'x'; at++) text += `-${at % 7}`
  while (what === 'sleeps');
})
