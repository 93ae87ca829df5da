/// Receives what a `FrameParser` has parsed: a connection implements it.
///
/// A span is valid only during the call, because it points into the bytes just read. During a call
/// the sink must not use the parser or the bytes. It returns false to end parsing: the parser is
/// finished and the rest of the input is discarded.
public protocol FrameSink: AnyObject {
    /// Receives a whole message, its fragments joined. It is valid UTF-8.
    func text(_ payload: RawSpan) -> Bool
    /// Receives a ping, which has to be answered with a pong of the same payload.
    func ping(_ payload: RawSpan) -> Bool
    /// Receives a pong.
    func pong(_ payload: RawSpan) -> Bool
    /// Receives the peer's last frame; nothing follows. `code` is nil if the frame was empty.
    /// `reason` is valid UTF-8.
    func close(_ code: CloseCode?, _ reason: RawSpan)
}
