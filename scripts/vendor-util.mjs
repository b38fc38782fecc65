/** The two functions of Node's util that prom-client uses in its errors, for runtimes without Node's modules. */
export const format = String
export const inspect = String
