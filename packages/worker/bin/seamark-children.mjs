#!/usr/bin/env node
// A program of its own, in the environment of an attempt: nobody else could read it for it.
/* oxlint-disable node/no-process-env */
// An MCP server on standard input and output whose other end is a socket: leads messages there and back. The service at that
// socket may be started again meanwhile, so what has no answer is sent again; asking for the same items twice adds them once.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

const path = process.argv[2] ?? process.env.SEAMARK_CHILDREN
if (!path) {
  process.stderr.write('seamark-children: there is no socket: the plan does not say `children` of this item.\n')
  process.exit(2)
}

/** Requests without an answer, by their ids. */
const open = new Map()
let service
let pauseMs = 100
let ended = false

function parsed(line) {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const key = (id) => JSON.stringify(id)

function leaveIfDone() {
  if (ended && open.size === 0) process.exit(0)
}

function join() {
  const socket = connect(path)
  // Its close comes next, and another try. Readline tells of it as well.
  const away = () => undefined
  socket.on('error', away)
  socket.on('connect', () => {
    service = socket
    pauseMs = 100
    for (const line of open.values()) socket.write(`${line}\n`)
  })
  const lines = createInterface({ input: socket }).on('error', away)
  lines.on('line', (line) => {
    const message = parsed(line)
    if (message?.method === undefined && message?.id !== undefined) open.delete(key(message.id))
    process.stdout.write(`${line}\n`, leaveIfDone)
  })
  socket.on('close', () => {
    if (service === socket) service = undefined
    setTimeout(join, pauseMs)
    pauseMs = Math.min(2000, pauseMs * 2)
  })
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const message = parsed(line)
    if (message?.method !== undefined && message.id !== undefined) open.set(key(message.id), line)
    service?.write(`${line}\n`)
  })
  .on('close', () => {
    ended = true
    leaveIfDone()
  })
join()
