"""What the citizen and the technician see: Kivy, fed with views, answering with intents."""
