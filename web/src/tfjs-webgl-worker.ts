/** A worker with tfjs and its WebGL device in it, for who chooses that. */
import '@tensorflow/tfjs-backend-webgl'
import './tfjs-worker.ts'
