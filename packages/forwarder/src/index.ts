/**
 * The program inside a sandbox that leads its proxy port to the gateway's socket.
 *
 * @module
 */
export {
  FORWARDER_ARCHITECTURES,
  FORWARDER_LIMITS,
  FORWARDER_PROCESSES,
  forwarderProcesses,
  forwarderProgram,
  throughForwarder,
} from './forwarder.ts'
