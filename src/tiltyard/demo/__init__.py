"""What `tiltyard demo` is made of: two classifiers, and the traffic that is sent to them."""
