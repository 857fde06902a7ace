/** Stands for `http2-wrapper` in the bundle: the API speaks HTTP/1.1 only, and loading it is slow. */
export default {};
