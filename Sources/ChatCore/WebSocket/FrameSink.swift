/// Hears what a `FrameParser` has found: the connection.
///
/// A span ends with the call: it points into the bytes just read. Inside a call the sink must not
/// touch the parser, which is at work, nor the bytes. False means that enough has been heard: the
/// parser is finished and the rest of the input is thrown away.
public protocol FrameSink: AnyObject {
    /// A whole message, fragments joined. It is valid UTF-8.
    func text(_ payload: RawSpan) -> Bool
    /// To be answered with a pong of the same payload.
    func ping(_ payload: RawSpan) -> Bool
    /// Some answer to a ping.
    func pong(_ payload: RawSpan) -> Bool
    /// The peer's last frame; nothing follows. `code` is nil if the frame was empty. `reason` is
    /// valid UTF-8.
    func close(_ code: CloseCode?, _ reason: RawSpan)
}
