//! What an actor is linked to, under one of several link names.

/// Makes a type that knows the name of a link to the module's `CONTRACT`: `new()` for the default
/// link, `linked(name)` for another.
macro_rules! linked {
    ($(#[$about:meta])* pub struct $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name<'a> {
            link: &'a str,
        }

        impl Default for $name<'_> {
            fn default() -> Self {
                $name::new()
            }
        }

        impl<'a> $name<'a> {
            /// Through the default link.
            pub const fn new() -> $name<'a> {
                $name { link: $crate::DEFAULT_LINK }
            }

            /// Through a link with a name of its own.
            pub const fn linked(link: &'a str) -> $name<'a> {
                $name { link }
            }

            fn ask<Answer: $crate::Message>(
                &self,
                operation: &str,
                args: &impl $crate::Message,
            ) -> $crate::Result<Answer> {
                $crate::request_at(self.link, CONTRACT, operation, args)
            }
        }
    };
}
